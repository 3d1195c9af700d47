"""Make the example's input: text files in 24 languages, the language of each, and a model trained on other texts.

The texts are the messages that Django shows to its users, as its translators have written them: the PyPI package
`django` ships them. Every other message trains the model, the rest are what the endpoint scores, so that no message is
on both sides in any language. Running this again writes nothing when everything is there already, so a second
`pulumi up` finds the content that it knows.
"""

import gettext
import io
import re
import sys
from pathlib import Path

import django
import joblib
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline

HERE = Path(__file__).resolve().parent
LANGUAGES = tuple(
    "bg ca cs da de es et fi fr gl hu id it nb nl pl pt ro ru sk sl sv tr uk".split(" ")  # noqa: SIM905 -- readable
)
FILES = 16  # for each language
SHORTEST = 25  # characters that make a text
NOT_TEXT = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[^}]*\}|<[^>]*>|\s+")  # placeholders and markup


def messages(language: str) -> dict[str, str]:
    """Return Django's messages in a language by their English originals."""
    found = {}
    for path in sorted(Path(django.__file__).parent.rglob(f"locale/{language}/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            catalog = gettext.GNUTranslations(file)._catalog  # it has no public way to list its messages
        for key, translated in catalog.items():
            original = key if isinstance(key, str) else key[0]
            text = NOT_TEXT.sub(" ", translated).strip()
            if original and len(text) >= SHORTEST:
                found[original] = text
    return found


def train(texts: list[str], languages: list[str]) -> bytes:
    """Return the trained classifier as joblib writes it; the same texts always give the same bytes."""
    classifier: Pipeline = make_pipeline(
        CountVectorizer(analyzer="char_wb", ngram_range=(1, 3), min_df=2), MultinomialNB(alpha=0.1)
    ).fit(texts, languages)
    packed = io.BytesIO()
    joblib.dump(classifier, packed, compress=3)
    return packed.getvalue()


def write(files: dict[Path, bytes]) -> int:
    """Write the files whose content is not there yet; return how many those were."""
    stale = {path: content for path, content in files.items() if not path.exists() or path.read_bytes() != content}
    for path, content in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return len(stale)


def main(folder: Path = HERE) -> None:
    """Fill `data/texts`, `data/languages.csv` and `model/` of a folder."""
    translated = {language: messages(language) for language in LANGUAGES}
    originals = sorted(set.intersection(*(set(found) for found in translated.values())))
    known, held_out = originals[::2], originals[1::2][:FILES]
    files = {}
    truth = "file,language\n"
    for language, found in translated.items():
        for number, original in enumerate(held_out):
            name = f"text-{number:02}-{LANGUAGES.index(language):02}.txt"
            files[folder / "data/texts" / name] = found[original].encode()
            truth += f"{name},{language}\n"
    pairs = [(found[original], language) for language, found in translated.items() for original in known]
    files[folder / "data/languages.csv"] = truth.encode()
    files[folder / "model/languages.joblib"] = train([text for text, _ in pairs], [language for _, language in pairs])
    texts = len(files) - 2
    written = write(files)
    print(f"texts: {len(pairs)} train the model, {texts} are to be scored; {written} files written")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
