"""What is never done here, looked for in the code itself. Each rule once cost somebody else a security hole."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("crmlib", "widgets", "notebooks", "reports")

#: They run the script in what they show, and what they show was typed by somebody.
SINKS = {"HTML", "HTMLMath", "Javascript", "Markdown"}


def trees() -> Iterator[tuple[str, ast.AST]]:
    """Every Python module of ours, and the code of every notebook."""
    for path in (path for folder in OURS for path in sorted((ROOT / folder).rglob("*"))):
        name = str(path.relative_to(ROOT))
        if path.suffix == ".py":
            yield name, ast.parse(path.read_text("utf-8"))
        elif path.suffix == ".ipynb":
            for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
                if cell["cell_type"] == "code":
                    code = "".join(cell["source"])
                    plain = "\n".join("" if line.startswith(("%", "!")) else line for line in code.splitlines())
                    yield f"{name}, cell {number}", ast.parse(plain)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield name, node


def told(place: str, node: ast.Call) -> str:
    return f"{place}:{node.lineno}: {ast.unparse(node)[:90]}"


def test_nothing_shows_html_that_could_run():
    found = []
    for place, tree in trees():
        for name, call in calls(tree):
            unescaped = any(one.arg == "escape" and getattr(one.value, "value", True) is False for one in call.keywords)
            if name in SINKS or (name == "to_html" and unescaped):
                found.append(told(place, call))
    assert found == []


def test_templates_never_put_typed_text_in_as_html():
    files = [path for folder in OURS for kind in ("*.vue", "*.j2", "*.html") for path in (ROOT / folder).rglob(kind)]
    sinks = re.compile(r"v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|autoescape false")
    assert [str(path.relative_to(ROOT)) for path in files if sinks.search(path.read_text("utf-8"))] == []


# SQLAlchemy has no words for these: table locks, the index of the search. What is put in is the name of a table, a view
# or an index of ours, never anything that somebody typed; that is bound.
NAMES_OF_OURS = {
    "crmlib/base/bulk.py",
    "crmlib/base/migrations/versions/0008_the_search_index.py",
    "crmlib/search/candidates.py",
    "crmlib/search/index.py",
    "crmlib/search/words.py",
}


def test_sql_is_built_and_never_pasted_together():
    found = []
    for place, tree in trees():
        if place in NAMES_OF_OURS:
            continue
        for name, call in calls(tree):
            pasted = call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
            if name in {"text", "exec_driver_sql", "literal_column"} and pasted:
                found.append(told(place, call))
    assert found == []


def test_text_is_never_evaluated_nor_loaded_as_objects():
    forbidden = {"eval", "exec", "loads_pickle", "unsafe_load"}
    found = [
        told(place, call)
        for place, tree in trees()
        for name, call in calls(tree)
        if (isinstance(call.func, ast.Name) and name in forbidden)
        or ast.unparse(call.func) in {"pickle.load", "pickle.loads", "yaml.load", "os.system"}
    ]
    assert found == []


def test_no_page_asks_another_host_for_anything():
    """No script, style, font or picture comes from elsewhere: pages work without internet, and tell nobody."""
    kinds = ("*.vue", "*.css", "*.js", "*.j2", "*.html", "*.typ")
    files = [path for folder in ("crmlib", "widgets") for kind in kinds for path in (ROOT / folder).rglob(kind)]
    fetched = re.compile(
        r"""(?:src|href)\s*=\s*["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import|import\(["']http"""
    )
    assert [str(path.relative_to(ROOT)) for path in files if fetched.search(path.read_text("utf-8"))] == []
