"""Rows come out of a file whatever its encoding and delimiter, from any place on, and faults name their lines."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.planning.file_description import HEAD_BYTES, describe_file
from twilio_bridge.messages.planning.files import read_file
from twilio_bridge.messages.planning.lines import ReadFrom
from twilio_bridge.messages.ports import SourceRow

CSV, JSONL = Source(kind="csv"), Source(kind="jsonl")


def reading(data: bytes, block: int = 7) -> ReadFrom:
    def read_from(offset: int) -> Iterator[bytes]:
        return (data[start : start + block] for start in range(offset, len(data), block))

    return read_from


def rows(data: bytes, source: Source = CSV, place: str = "", block: int = 7) -> list[SourceRow]:
    described = describe_file(source, data[:HEAD_BYTES])
    assert described.faults == ()
    return list(read_file(described.source, reading(data, block), place))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encoding_and_delimiter_are_found(encoding: str, delimiter: str, newline: str) -> None:
    """As spreadsheets write them; what is quoted may hold both, and lines."""
    table = [["to", "Name"], ["+491", f"Zoë{delimiter} 😀"], ["+492", f'two{newline}lines "q"'], ["", ""]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(table)
    found = rows(text.getvalue().encode(encoding))

    assert [row.values for row in found] == [dict(zip(*table[:1], line, strict=True)) for line in table[1:3]]
    assert [row.origin for row in found] == ["line 2", "line 3"]
    assert not [row.fault for row in found if row.fault]


def test_an_encoding_that_cannot_be_told_is_asked_for() -> None:
    """And taken where it is given."""
    data = "to;Name\n+491;Müller\n".encode("cp1252")

    assert describe_file(CSV, data).faults == (
        "source.encoding: the file is not UTF-8; name its encoding, such as cp1252",
    )
    assert rows(data, replace(CSV, encoding="cp1252"))[0].values == {"to": "+491", "Name": "Müller"}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file is empty"),
        (b" \r\n\n", "the file is empty"),
        (b"\xff\xfe", ""),
        (b"a,b;c\n1,2;3\n", "source.delimiter: cannot be told"),
        (b"to,Name,to\n", "line 1: the column to stands there twice"),
        (b"to,Name\r+49,x\r", "its lines end in CR alone"),
        (b'to,"Name\n+49,x\n', "line 1: "),
    ],
    ids=["empty", "blank", "mark", "delimiter", "twice", "cr", "quote"],
)
def test_a_file_that_cannot_be_read_is_refused(data: bytes, fault: str) -> None:
    """With what to do."""
    found = describe_file(CSV, data).faults

    assert not fault or any(fault in each for each in found), found


def test_every_line_that_cannot_be_read_is_named() -> None:
    """By its number, and the lines after it are read all the same."""
    data = b'to,Name\n+491,A\n+492\n+493,B,C\n\n+494,"x"y\n+495,D\xff\n+496,\x00\n"+497,open\n+498,E\n'
    found = rows(data, replace(CSV, encoding="utf-8"))

    assert [row.values["to"] for row in found if not row.fault] == ["+491", "+498"]
    assert [row.fault for row in found if row.fault] == [
        "line 3: 1 of the header's 2 fields",
        "line 4: 3 of the header's 2 fields",
        "line 6: ',' expected after '\"'",
        "line 7: the byte 0xff is no UTF-8; name the file's encoding",
        "line 8: holds a NUL character",
        "line 9: unexpected end of data",
    ]


def test_a_quote_that_is_never_closed_takes_no_other_line() -> None:
    """Also where the rest of the file is larger than a field may be."""
    data = b"to,Name\n" + b'+491,"open\n' + b"+492,x\n" * 30_000
    found = rows(data, block=65_536)

    assert (len(found), found[0].fault[:7], sum(bool(row.fault) for row in found)) == (30_001, "line 2:", 1)


def test_json_lines_are_read_with_their_faults() -> None:
    """Numbers are texts, lists are none, and blank lines are no rows."""
    data = (
        '{"to": 49151, "Name": "Ä"}\n\n{"to": "+1", "n": 1.5, "b": true, "l": [1], "o": null}\n[1]\n{"to": \n'.encode()
    )
    found = rows(data, JSONL)

    assert found[0].values == {"to": "49151", "Name": "Ä"}
    assert found[1].values == {"to": "+1", "n": "1.5", "b": "true", "l": "", "o": ""}
    assert [row.fault for row in found if row.fault] == ["line 4: is no JSON object", "line 5: is no JSON object"]
    assert describe_file(JSONL, data).columns == ("to", "Name", "n", "b", "l", "o")


@pytest.mark.parametrize("source", [CSV, JSONL], ids=["csv", "jsonl"])
def test_reading_goes_on_from_any_place(source: Source) -> None:
    """Wherever it was left, the rest is the same."""
    data = 'to,Name\n+491,"ü\n1"\n\n+492,b\n+493,"x"y\n+494,c'.encode()
    if source.kind == "jsonl":
        data = '{"to": "ü"}\n\n{"to": "b"}\nx\n{"to": "c"}'.encode()
    whole = rows(data, source)

    for done, row in enumerate(whole, 1):
        assert rows(data, source, row.place_after, block=3) == whole[done:]


@pytest.mark.parametrize("place", ["x", "1", "-1:2", "1:2:3", "9999999999999:1"])
def test_a_place_that_is_none_of_ours_is_refused(place: str) -> None:
    """It came with a request."""
    with pytest.raises(BadRequestError, match="does not belong to this file"):
        rows(b"to\n+491\n", place=place)


@given(
    table=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=2, max_size=2),
        min_size=1,
        max_size=6,
    ),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
    block=st.integers(1, 9),
)
def test_what_csv_writes_is_read(table: list[list[str]], delimiter: str, encoding: str, block: int) -> None:
    """However the blocks fall; what surrounds a value is left out, and a record of nothing is none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["to", "n"], *table])
    source = replace(CSV, encoding=encoding, delimiter=delimiter)
    found = list(read_file(source, reading(text.getvalue().encode(encoding), block), ""))

    wanted = [[cell.strip() for cell in line] for line in table]
    assert [[*row.values.values()] for row in found] == [line for line in wanted if any(line)]
