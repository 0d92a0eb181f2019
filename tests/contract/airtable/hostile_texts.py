"""Texts that a formula, an address or a log could take for something else."""

HOSTILE_TEXTS = (
    "O'Brien",
    'say "hi"',
    "'",
    "\\",
    "\\'",
    "') , TRUE(",
    "' & {sms} & '",
    "{name}",
    "}",
    "AND(1,1)",
    "😀 über 田中",
    "a\nb\tc",
    "%27%20OR%201=1",
    "'\\" * 4_000,
)
