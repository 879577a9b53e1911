"""Pages for people: one file each, which needs no network and opens from disk.

A page is a template of Jinja2, found in the folder of the package that it is of, and extends `base.html` of this one.
Whatever a template is given is escaped: text by Jinja2, data for a script by its filter `tojson`. What a script or a
style sheet says stands in a file of its own beside the template, and `asset(NAME)` puts it into the page. The page
forbids itself, by its Content-Security-Policy, to ask for anything.
"""

from importlib.resources import files
from typing import Any


def render(package: str, template: str, **values: Any) -> str:
    """The page that the `template` in the folder of `package`, a dotted name, makes of `values`.

    `values` name at least `title`, the page's. Whatever scripts should know is put into the page as JSON, keys sorted.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # as long in coming as all the rest
    from markupsafe import Markup

    pages = Environment(
        loader=ChoiceLoader([PackageLoader(one, "") for one in (package, __name__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}

    def asset(name: str, package: str = package) -> Markup:
        text = (files(package) / name).read_text(encoding="utf-8")
        return Markup(text)  # our own; nothing in it comes from data

    return pages.get_template(template).render(asset=asset, **values)
