"""`yibiao id check`: kinds, reasons and warnings of bare numbers, held to the independent oracle."""

from __future__ import annotations

import importlib.util
import io
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from yibiao.cli.root import root
from yibiao.errors import DeliveryError
from yibiao.identity.identifiers import KINDS, LONGEST_LINE, REASONS, WARNINGS, Judge, divisions, lines

_spec = importlib.util.spec_from_file_location("kinds_oracle", Path(__file__).with_name("oracle.py"))
assert _spec is not None
assert _spec.loader is not None
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)


def person(region: str, birth: str = "19870305", sequence: str = "012") -> str:
    return region + birth + sequence + oracle.citizen_check(region + birth + sequence)


def credit(head: str, body: str = "MA00000A") -> str:
    seventeen = head + body + oracle.organisation_check(body)
    return seventeen + oracle.uscc_check(seventeen)


@pytest.fixture(scope="module")
def judge():
    return Judge(divisions={"110000", "990000", "999901", "999902"})


def judged(judge, texts):
    return [
        (row["kind"], row["valid"], row["reason"], tuple(row["warnings"]), row["normal"])
        for row in judge.judge(texts).to_pylist()
    ]


VALID = {
    person("110103"): ("citizen_id", ()),
    person("999902"): ("foreign_resident_card", ()),
    person("810000"): ("residence_permit", ()),
    person("820000"): ("residence_permit", ()),
    person("830000"): ("residence_permit", ()),
    person("911156"): ("foreign_resident_card", ()),
    person("160101"): ("citizen_id", ("region_unknown",)),
    credit("91999901"): ("uscc", ()),
    credit("N3999901"): ("uscc", ()),
    credit("A1110101"): ("uscc", ()),
    credit("Y1999977"): ("uscc", ("region_not_listed",)),
    "91350100M000100Y43": ("uscc", ()),
    "ABC110190030701": ("foreign_resident_card_15", ("form_only",)),
    "H12345678": ("travel_permit", ("form_only",)),
    "E12345678": ("passport", ("form_only",)),
    "EA1234567": ("passport", ("form_only",)),
    "999901": ("division_code", ("form_only",)),
    "110101001002": ("division_code", ("form_only",)),
    "13812345678": ("phone", ()),
    "023-61234567-801": ("phone", ()),
    "4001234567": ("phone", ()),
}


def test_every_kind_of_number_is_recognised_and_accepted(judge):
    found = judged(judge, list(VALID))
    assert {text: (row[0], row[3]) for text, row in zip(VALID, found, strict=True)} == VALID
    assert [row[1:3] for row in found] == [(True, None)] * len(VALID)
    assert [row[4] for row in found] == list(VALID)


def test_fifteen_digits_and_untidy_numbers_have_a_normal_form(judge):
    number = person("110103")
    code = credit("91999901")
    texts = [
        number[:6] + number[8:17],
        f" {number[:6]} {number[6:]}",
        "M1234567801",
        f"{code[8:16]}-{code[16]}",
        "+86 138-1234-5678",
    ]
    assert [row[3:] for row in judged(judge, texts)] == [
        (("fifteen_digits",), number),
        (("tidied",), number),
        (("form_only",), "M12345678"),
        ((), code[8:17]),
        (("tidied",), "13812345678"),
    ]


def test_a_second_check_inside_a_credit_code_is_a_warning(judge):
    seventeen = "91999901" + "MA00000A" + ("0" if oracle.organisation_check("MA00000A") != "0" else "1")
    ((_, valid, _, warnings, _),) = judged(judge, [seventeen + oracle.uscc_check(seventeen)])
    assert (valid, warnings) == (True, ("organisation_check",))


WRONG = {
    person("110103")[:-1] + ("0" if person("110103")[-1] != "0" else "1"): ("citizen_id", "check_digit"),
    person("110103", "19870231"): ("citizen_id", "day"),
    person("110103")[:-1]: ("citizen_id", "length"),
    "110103198703O50012": ("uscc", "characters"),
    "110103198703050000": ("citizen_id", "lost_digits"),
    "1.10103E+17": ("citizen_id", "lost_digits"),
    "110103********0012": ("citizen_id", "masked"),
    "110103870231001": ("citizen_id_15", "day"),
    "91350100M000100Y4Z": ("uscc", "characters"),
    "91350100M000100Y44": ("uscc", "check_digit"),
    "91350100M000100Y4": ("uscc", "length"),
    "B1350100M000100Y43": ("uscc", "authority"),
    "913501A0M000100Y43": ("uscc", "region"),
    "MA00000A-" + ("0" if oracle.organisation_check("MA00000A") != "0" else "1"): ("organisation_code", "check_digit"),
    "1381234567": ("phone", "length"),
    "张三": (None, "form"),
    "": (None, "not_stated"),
    "无": (None, "not_stated"),
}


def test_every_reason_is_told(judge):
    found = judged(judge, list(WRONG))
    assert {text: (row[0], row[2]) for text, row in zip(WRONG, found, strict=True)} == WRONG
    assert {reason for _, reason in WRONG.values()} == set(REASONS)
    assert not any(row[1] for row in found)


def test_every_mistyped_digit_of_a_persons_number_is_caught():
    """As the kind that it is: always. Among all kinds: what has no birth date may be a credit code, which is said."""
    chance = random.Random(4)
    wrong = []
    for _ in range(60):
        day = f"{chance.randrange(1900, 2020)}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
        number = person(chance.choice(["110103", "512501", "810000"]), day, f"{chance.randrange(1000):03d}")
        wrong += [
            number[:place] + one + number[place + 1 :]
            for place in range(18)
            for one in "0123456789X"
            if one != number[place]
        ]
    assert not any(Judge("citizen_id").judge(wrong)["valid"].to_pylist())
    passed = [row for row in Judge().judge(wrong).to_pylist() if row["valid"]]
    assert {row["kind"] for row in passed} <= {"uscc"}
    assert all("two_readings" in row["warnings"] for row in passed)
    assert len(passed) < len(wrong) / 100


def test_each_word_is_explained(judge):
    told = {
        word for row in judged(judge, [*VALID, " 1381234 5678", person("110103")[:6] + "870305012"]) for word in row[3]
    }
    assert told <= set(WARNINGS)
    assert {kind for kind, _ in VALID.values()} <= set(KINDS)


def test_lines_end_in_any_way_and_encodings_are_told_apart():
    def read(data):
        return [line for block in lines(io.BytesIO(data), "x") for line in block]

    assert read(b"1\r\n2\n3\r4") == ["1", "2", "3", "4"]
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        assert read("张三\n13812345678\n".encode(encoding)) == ["张三", "13812345678"]
    with pytest.raises(DeliveryError):
        read(b"1" * (LONGEST_LINE + 5_000_000))


def test_numbers_leave_the_command_only_masked_unless_asked(tmp_path):
    number, secret = person("999901"), "司马密"
    path = tmp_path / "n.txt"
    path.write_text(f"{number}\n{number[:17]}\n{secret}\n\n", encoding="utf-8")

    def run(*more):
        return CliRunner().invoke(root, ["id", "check", str(path), *more])

    for plain in (run(), run("--json")):
        assert plain.exit_code == 1
        assert number[:17] not in plain.output
        assert number[6:14] not in plain.output
        assert secret not in plain.output
    rows = json.loads(run("--json", "--show").output)
    assert [row["line"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["normal"] == number
    assert number[:17] in run("--show").output
    assert "第 2 行" in run().output
    path.write_text(f"{number}\n", encoding="utf-8")
    assert run().exit_code == 0
    assert run("--kind", "uscc").exit_code == 1
    assert run("--kind", "nonsense").exit_code == 1


def test_the_division_codes_of_the_installation_are_its_code_list(tmp_path):
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "division.csv").write_text("code,name\n110000,x\n", encoding="utf-8")
    (tmp_path / "codes" / "division.demo.csv").write_text("code,name\n999901,y\n", encoding="utf-8")
    assert divisions(tmp_path) == {"110000", "999901"}
