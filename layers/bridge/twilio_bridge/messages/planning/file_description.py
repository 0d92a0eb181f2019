"""What a file is, by its beginning: its encoding, its delimiter and its columns, or what the request has to name."""

from dataclasses import replace

from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.planning.files import read_object, read_records
from twilio_bridge.messages.planning.lines import iterate_lines
from twilio_bridge.messages.ports import Described

HEAD_BYTES = 65_536
DELIMITERS = ",;\t|"
BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
NAMED_ENCODINGS = {"utf-16": "utf-16-le"}  # without a byte order mark


def describe_file(source: Source, head: bytes) -> Described:
    """Return a file's encoding, delimiter and columns by its beginning, or what the request has to name."""
    if not head.strip(b"\x00 \t\r\n"):
        return Described(source, faults=("source: the file is empty",))

    encoding = find_encoding(source.encoding, head)
    if not encoding:
        return Described(source, faults=("source.encoding: the file is not UTF-8; name its encoding, such as cp1252",))
    known = replace(source, encoding=encoding)
    if known.kind == "jsonl":
        return _describe_json_lines(known, head)
    return _describe_csv(known, head)


def find_encoding(given: str, head: bytes) -> str:
    """Return the encoding by its byte order mark, else the given one, else UTF-8 where it is that; empty otherwise."""
    if marked := next((name for mark, name in BOMS if head.startswith(mark)), ""):
        return marked
    if given:
        return NAMED_ENCODINGS.get(given, given)
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return ""
    return "utf-8" if b"\x00" not in head else ""


def _describe_csv(source: Source, head: bytes) -> Described:
    first = next(iterate_lines(lambda _: iter((head,)), source.encoding, 0, 1))
    if "\r" in first.text.rstrip("\r\n"):
        return Described(source, faults=("source: its lines end in CR alone; save it with LF or CR LF",))

    delimiter = source.delimiter or _find_delimiter(first.text)
    if not delimiter:
        return Described(source, faults=("source.delimiter: cannot be told from the first line; name it",))
    known = replace(source, delimiter=delimiter)

    header = next(iter(read_records(known, iter((first,)))))
    columns = header.fields
    faults = [header.fault] if header.fault else []
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    faults += [f"line 1: the column {name} stands there twice" for name in repeated]
    return Described(known, tuple(columns), tuple(faults))


def _find_delimiter(header: str) -> str:
    """Return the character that divides a header: the one most frequent outside quotes; empty where two are."""
    unquoted = "".join(header.split('"')[::2])
    counts = {each: unquoted.count(each) for each in DELIMITERS}
    most = max(counts.values())
    if most == 0:
        return ","  # a single column
    best = [each for each, count in counts.items() if count == most]
    return best[0] if len(best) == 1 else ""


def _describe_json_lines(source: Source, head: bytes) -> Described:
    """Return the fields that any of the first objects has."""
    columns: dict[str, None] = {}
    lines = iterate_lines(lambda _: iter((head,)), source.encoding, 0, 1)

    for line in lines:
        is_cut = line.end >= len(head) and not line.text.endswith("\n")
        if is_cut and columns:
            break
        row = read_object(line)
        if row and not row.fault:
            columns.update(dict.fromkeys(row.values))

    return Described(source, tuple(columns))
