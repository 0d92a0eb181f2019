"""What a row's message holds; preview and sending get the same from the same settings and row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.texts.placeholders import Filled, Placeholder, Template, fill_template, parse_template


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message: a text, or a content template with its variables; and media. `missing` are fields without a value."""

    body: str = ""
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Composer:
    """The templates of a campaign, read once."""

    settings: CampaignSettings
    text: Template
    variables: Mapping[str, Template]
    media: tuple[Template, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the distinct placeholders in all of them, in the order of their first place."""
        templates = (self.text, *self.variables.values(), *self.media)
        return tuple(dict.fromkeys(name for template in templates for name in template.names))

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the distinct columns that a row is read by: the number's first, then those of the placeholders."""
        settings = self.settings
        return tuple(dict.fromkeys([settings.to_column, *(settings.columns.get(name, name) for name in self.names)]))

    def compose(self, values: Mapping[str, object]) -> Composed:
        """Return the message of a row with these values."""
        body = fill_template(self.text, values)
        variables = {name: fill_template(template, values) for name, template in self.variables.items()}
        media = [_fill_address(template, values) for template in self.media]

        missing = [name for filled in (body, *variables.values(), *media) for name in filled.missing]
        return Composed(
            body=body.text,
            content_sid=self.settings.content_sid,
            content_variables={name: filled.text for name, filled in variables.items()},
            media=tuple(filled.text for filled in media),
            missing=tuple(dict.fromkeys(missing)),
        )


def _fill_address(template: Template, values: Mapping[str, object]) -> Filled:
    """Return an address; what is filled in within one stays one part of it, whatever it holds."""
    is_whole = bool(template.pieces) and isinstance(template.pieces[0], Placeholder)
    if is_whole:
        return fill_template(template, values)
    quoted = {name: quote(str(values.get(name) or "").strip(), safe="") for name in template.names}
    return fill_template(template, quoted)


def read_templates(settings: CampaignSettings) -> Composer:
    """Return the campaign's templates in pieces."""
    variables = {name: parse_template(text) for name, text in settings.content_variables.items()}
    return Composer(settings, parse_template(settings.text), variables, tuple(map(parse_template, settings.media)))


def compose_message(settings: CampaignSettings, values: Mapping[str, object]) -> Composed:
    """Return the message of one row."""
    return read_templates(settings).compose(values)
