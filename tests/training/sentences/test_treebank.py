"""The treebank: which trees are full sentences, and the role of each word."""

from pathlib import Path

import pytest

from moderation.training.sentences.treebank import Tree, trees

# By text: word, part of speech, features, head and relation of each word.
SENTENCES = {
    "He lied": "He PRON _ 2 nsubj|lied VERB VerbForm=Fin 0 root",
    "Lied": "Lied VERB VerbForm=Fin 0 root",
    "Stop": "Stop VERB Mood=Imp 0 root",
    "Be kind": "Be AUX Mood=Imp 2 cop|kind ADJ _ 0 root",
    "It is bad": "It PRON _ 3 nsubj|is AUX VerbForm=Fin 3 cop|bad ADJ _ 0 root",
    "Because he lied": "Because SCONJ _ 3 mark|he PRON _ 3 nsubj|lied VERB VerbForm=Fin 0 root",
    "The point is that he lied": "The DET _ 2 det|point NOUN _ 6 nsubj:outer|is AUX VerbForm=Fin 6 "
    "cop|that SCONJ _ 6 mark|he PRON _ 6 nsubj|lied VERB VerbForm=Fin 0 root",
    "Total failure": "Total ADJ _ 2 amod|failure NOUN _ 0 root",
    "Thanks it works": "Thanks NOUN _ 0 root|it PRON _ 3 nsubj|works VERB VerbForm=Fin 1 parataxis",
    "The man who lied": "The DET _ 2 det|man NOUN _ 0 root|who PRON _ 4 nsubj|"
    "lied VERB VerbForm=Fin 2 acl:relcl",
}


def tree(text: str, folder: Path) -> Tree:
    """Write one of `SENTENCES` to a file and return its tree."""
    rows = [
        "\t".join([str(number), form, "_", pos, "_", features, head, relation, "_", "_"])
        for number, word in enumerate(SENTENCES[text].split("|"), 1)
        for form, pos, features, head, relation in [word.split()]
    ]
    path = folder / "own.conllu"
    path.write_text(f"# text = {text}\n" + "\n".join(rows) + "\n\n", "utf-8")
    return next(trees(path))


@pytest.mark.parametrize(
    ("text", "full"),
    [
        pytest.param("Lied", False, id="a verb without a subject"),
        pytest.param("Because he lied", False, id="a clause with a subordinator"),
        pytest.param("Total failure", False, id="no verb"),
        pytest.param("The man who lied", False, id="the only verb is in a dependent clause"),
        pytest.param("He lied", True, id="subject and verb"),
        pytest.param("It is bad", True, id="subject and copula"),
        pytest.param("Stop", True, id="imperative"),
        pytest.param("Be kind", True, id="imperative copula"),
        pytest.param("Thanks it works", True, id="a clause after a noun"),
        pytest.param("The point is that he lied", True, id="a subordinator after the subject"),
    ],
)
def test_full(text: str, full: bool, tmp_path: Path) -> None:
    """The main clause decides whether a sentence is full."""
    assert tree(text, tmp_path).full is full


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("He lied", "SF"),
        ("Stop", "I"),
        ("Lied", "E"),
        ("Because he lied", "MSE"),
        ("The man who lied", "DNSf"),
        ("Total failure", "JN"),
    ],
)
def test_roles(text: str, roles: str, tmp_path: Path) -> None:
    """Each word has one role; only verbs of clauses that make a sentence full are F or I."""
    assert "".join(tree(text, tmp_path).roles.values()) == roles


def test_error_names_the_broken_line(tmp_path: Path) -> None:
    """A row without ten columns raises an error with the file and the line."""
    path = tmp_path / "broken.conllu"
    path.write_text("# text = He lied\n1\tHe\n", "utf-8")
    with pytest.raises(ValueError, match=r"broken\.conllu, line 2: 2 columns"):
        list(trees(path))


def test_parts_of_a_contraction_share_its_offsets(tmp_path: Path) -> None:
    """The two words of "Don't" have the offsets of the whole."""
    rows = [
        "1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_",
        "1\tDo\t_\tAUX\t_\tMood=Imp\t3\taux\t_\t_",
        "2\tn't\t_\tPART\t_\t_\t3\tadvmod\t_\t_",
        "3\tgo\t_\tVERB\t_\tVerbForm=Inf\t0\troot\t_\t_",
    ]
    path = tmp_path / "own.conllu"
    path.write_text("# text = Don't go\n" + "\n".join(rows) + "\n\n", "utf-8")
    (contraction,) = trees(path)
    assert [(node.start, node.end) for node in contraction.nodes] == [(0, 5), (0, 5), (6, 8)]
    assert contraction.full
