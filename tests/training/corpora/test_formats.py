"""Formats: corpora as they are published, in small. All sentences were made up for the tests."""

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moderation.cli import run
from moderation.training.corpora import catalogue
from moderation.training.corpora.catalogue import CorpusError, Row
from moderation.training.corpora.importing import Report, rows, write


def post(*labels: str, marks: tuple[tuple[int, ...], ...] = ()) -> dict[str, object]:
    """Return a post in the format of HateXplain."""
    return {
        "post_id": "1_gab",
        "annotators": [{"label": label, "annotator_id": 1, "target": ["None"]} for label in labels],
        "rationales": [list(words) for words in marks],
        "post_tokens": ["you", "silly", "fool", *labels],
    }


def read(path: Path) -> tuple[str, list[Row]]:
    """Return the corpus that a file is recognised as, and its rows."""
    imported = list(rows(path, None, Report()))
    return imported[0].source.name, [entry.row for entry in imported]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_hatexplain_gets_the_label_of_the_majority(
    tmp_path: Path, indent: int | None, packed: bool
) -> None:
    """It is one JSON document. A post without a majority has no label; marked words are read."""
    posts = {
        "1_gab": post("hatespeech", "hatespeech", "normal", marks=((0, 1, 1, 0, 0, 0),) * 2),
        "2_gab": post("normal", "normal", "offensive"),
        "3_gab": post("normal", "hatespeech", "offensive"),
    }
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(posts, indent=indent), "utf-8")
    if packed:
        with zipfile.ZipFile(tmp_path / "dataset.zip", "w") as file:
            file.write(path, "Data/dataset.json")
        path = tmp_path / "dataset.zip"
    name, posts_read = read(path)
    assert name == "hatexplain_original"
    assert [row.labels["hatexplain_original.hate"] for row in posts_read] == [1.0, 0.0]
    marked = [posts_read[0].text[start:end] for start, end in posts_read[0].marks]
    assert marked == ["silly", "fool"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotators": "normal"}, "line 1, column 'annotators': must be as in HateXplain"),
        ({"post_tokens": 7}, "line 1, column 'annotators'"),
    ],
)
def test_an_error_in_hatexplain_names_the_post_and_column(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    """It also says what was expected."""
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps({"1": {**post("normal"), **change}}), "utf-8")
    with pytest.raises(CorpusError, match=message):
        read(path)


def detox(folder: Path, kind: str, judgements: str) -> Path:
    """Write the two tables of one kind of judgement; return the path of the comments."""
    comments = folder / f"{kind}_annotated_comments.tsv"
    comments.write_text(
        "rev_id\tcomment\tyear\tlogged_in\tns\tsample\tsplit\n"
        "37\tNEWLINE_TOKENYou fool.NEWLINE_TOKENGo away.\t2002\tTrue\tuser\tblocked\ttrain\n"
        "41\t\"See ''TAB_TOKENthe talk page'' first.\"\t2003\tFalse\tarticle\trandom\ttest\n",
        "utf-8",
    )
    (folder / f"{kind}_annotations.tsv").write_text(judgements, "utf-8")
    return comments


@pytest.mark.parametrize(
    ("kind", "judgements", "label", "means"),
    [
        (
            "attack",
            "rev_id\tworker_id\tquoting_attack\trecipient_attack\tthird_party_attack\t"
            "other_attack\tattack\n"
            "37\t1\t0\t1\t0\t0\t1\n37\t2\t0\t0\t0\t0\t0\n37\t3\t0\t1\t0\t0\t1\n37\t4\t0\t0\t0\t1\t1\n"
            "41\t1\t0\t0\t0\t0\t0\n",
            "attack",
            [0.75, 0.0],
        ),
        (
            "aggression",
            "rev_id\tworker_id\taggression\taggression_score\n37\t1\t1\t-2\n37\t2\t0\t1\n41\t1\t0\t0\n",
            "aggressive",
            [0.5, 0.0],
        ),
        (
            "toxicity",
            "rev_id\tworker_id\ttoxicity\ttoxicity_score\n37.0\t1\t1\t-2.0\n37.0\t2\t1\t-1.0\n41.0\t1\t0\t1.0\n",
            "toxic",
            [1.0, 0.0],
        ),
    ],
)
def test_detox_gets_the_mean_of_its_judgements(
    tmp_path: Path, kind: str, judgements: str, label: str, means: list[float]
) -> None:
    """Two tables are joined, placeholders are replaced, and the random sample is natural."""
    name, comments = read(detox(tmp_path, kind, judgements))
    assert name == f"detox_{kind}"
    assert [row.labels[f"{name}.{label}"] for row in comments] == means
    assert [row.text for row in comments] == [
        "You fool.\nGo away.",
        "See ''\tthe talk page'' first.",
    ]
    assert [row.natural for row in comments] == [False, True]


@pytest.mark.parametrize(
    ("judgements", "message"),
    [
        (None, "attack_annotated_comments.tsv, attack_annotations.tsv"),
        ("rev_id\tattack\n37\tmuch\n", "line 2, column 'attack': must be a number, not 'much'"),
        ("rev\tattack\n37\t1\n", "line 2: no column 'rev_id'"),
    ],
)
def test_an_error_in_detox_names_the_line_and_column(
    tmp_path: Path, judgements: str | None, message: str
) -> None:
    """Missing judgements are an error, too."""
    path = detox(tmp_path, "attack", judgements or "")
    if judgements is None:
        (tmp_path / "attack_annotations.tsv").unlink()
    with pytest.raises(CorpusError, match=message):
        read(path)


SOCC = "article_id,comment_text,is_constructive,is_constructive:confidence,toxicity_level,"


def test_sfu_weights_answers_by_confidence(tmp_path: Path) -> None:
    """A cell may hold several answers; the label is their weighted mean."""
    path = tmp_path / "SFU_constructiveness_toxicity_corpus.csv"
    path.write_text(
        f"{SOCC}toxicity_level:confidence\n"
        '1,The premier is a clown.,no,1.0,"4\n1","0.75\n0.25"\n'
        '2,Read page nine of the report.,yes,0.8,1,"[1.0]"\n',
        "utf-8",
    )
    name, comments = read(path)
    assert name == "sfu_socc"
    assert [dict(row.labels) for row in comments] == [
        {"sfu_socc.constructive": 0.0, "sfu_socc.toxic": 0.75},
        {"sfu_socc.constructive": 1.0, "sfu_socc.toxic": 0.0},
    ]


def test_sfu_needs_a_confidence_for_each_answer(tmp_path: Path) -> None:
    """Two answers need two numbers."""
    path = tmp_path / "corpus.csv"
    path.write_text(f'{SOCC}toxicity_level:confidence\n1,Well said.,yes,1,"1\n2",0.5\n', "utf-8")
    with pytest.raises(CorpusError, match=r"line 3: column 'toxicity_level:confidence': must have"):
        read(path)


@pytest.mark.parametrize(
    ("content", "name", "labels"),
    [
        (
            "comment_text,constructive,toxicity_level\nWell said.,0.25,Mildly toxic\n",
            "sfu_c3",
            {"constructive": 0.25, "toxic": 0.33},
        ),
        (
            "comment_text,constructive\nWell said.,1\n",
            "sfu_c3_constructive",
            {"constructive": 1.0},
        ),
        (
            ",count,hate_speech,offensive_language,neither,class,tweet\n0,3,0,3,0,1,You fool\n",
            "davidson_original",
            {"offensive": 1.0, "hate": 0.0},
        ),
        (
            "_unit_id,comment,antagonize,healthy,hostile,hostile:confidence\n1,Hm.,1,0,1,0.6\n",
            "ucc_original",
            {"hostile": 1.0, "antagonize": 1.0, "unhealthy": 1.0},
        ),
        (
            "id,target,comment_text,severe_toxicity,obscene,identity_attack,insult,threat\n"
            "1,0.5,You fool.,0,0.1,0,0.5,0\n",
            "civil_comments",
            {"toxic": 0.5, "insult": 0.5, "obscene": 0.1, "severe": 0, "identity": 0, "threat": 0},
        ),
    ],
)
def test_tables_are_recognised_by_their_columns(
    tmp_path: Path, content: str, name: str, labels: dict[str, float]
) -> None:
    """The published files have further columns."""
    path = tmp_path / "published.csv"
    path.write_text(content, "utf-8")
    corpus, (row, *_) = read(path)
    assert corpus == name
    assert row.labels == {f"{name}.{label}": value for label, value in labels.items()}


def test_parquet_of_civil_comments(tmp_path: Path) -> None:
    """Numbers stay numbers, and missing ones are no label."""
    table = {
        "text": ["You fool.", "Well said."],
        **{column: [0.5, 0.0] for column in ("toxicity", "severe_toxicity", "obscene", "threat")},
        **{column: [0.5, None] for column in ("insult", "identity_attack", "sexual_explicit")},
    }
    pq.write_table(pa.table(table), tmp_path / "train.parquet")
    name, comments = read(tmp_path / "train.parquet")
    assert name == "civil_comments_parquet"
    assert [row.labels.get(f"{name}.insult") for row in comments] == [0.5, None]


def test_import_keeps_marks_and_natural_rows(tmp_path: Path) -> None:
    """The written file has columns for randomly sampled rows and for marked characters."""
    judgements = "rev_id\tworker_id\ttoxicity\ttoxicity_score\n37\t1\t1\t-2\n41\t1\t0\t1\n"
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps({"1": post("normal", marks=((1, 0, 0, 0),))}), "utf-8")
    published = {"detox": detox(tmp_path, "toxicity", judgements), "hatexplain": path}
    tables = [
        write(rows(path, None, Report()), tmp_path / f"{name}.csv.gz").table
        for name, path in published.items()
    ]
    (tmp_path / "sources.toml").write_text("\n".join(tables), "utf-8")
    written = list(catalogue.rows(tmp_path, "train", tmp_path / "sources.toml"))
    assert [(row.natural, row.marks) for row in written] == [
        (False, ()),
        (True, ()),
        (False, ((0, 3),)),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", b'{"label": "hate", "text": "So."}\n{"text": \n', "line 2: is not valid JSON"),
        ("x.json", b'{\n"1": {"text": "So."},\n"2": \n', "line 3: is not valid JSON"),
        ("x.json", b'["So."]', "line 1: must be an object with the columns"),
        ("x.csv", b"text,label\n\xff\xfe,1\n", "is not UTF-8"),
        ("x.csv.gz", b"\x1f\x8bnothing", "cannot be read"),
        ("x.parquet", b"PAR1 or not", "is not a Parquet file"),
    ],
)
def test_a_damaged_file_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, message: str
) -> None:
    """The message names the line if the format has lines."""
    (tmp_path / name).write_bytes(content)
    assert run(["corpus", "check", str(tmp_path / name)]) == 2
    assert message in capfd.readouterr().err
