"""Template tags for Django: `{% ifconsent "statistics" %}…{% else %}…{% endifconsent %}`.

TEMPLATES = [{…, "OPTIONS": {"builtins": ["asgi_consent.integrations.django_tags"]}}]
"""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context

from asgi_consent.current import current_consent

register = template.Library()


@dataclass
class _IfConsent(template.Node):
    name: FilterExpression
    granted: NodeList
    otherwise: NodeList
    child_nodelists = ("granted", "otherwise")

    def render(self, context: Context) -> str:
        name = str(self.name.resolve(context))
        nodes = self.granted if current_consent().allows(name) else self.otherwise
        return nodes.render(context)


@register.tag
def ifconsent(parser: Parser, token: Token) -> _IfConsent:
    """What is inside is rendered if the category or service is granted; after `else` if not."""
    parts = token.split_contents()
    if len(parts) != 2:
        raise template.TemplateSyntaxError("ifconsent takes one category or service")
    granted = parser.parse(("else", "endifconsent"))
    otherwise = NodeList()
    if parser.next_token().contents == "else":
        otherwise = parser.parse(("endifconsent",))
        parser.delete_first_token()
    return _IfConsent(parser.compile_filter(parts[1]), granted, otherwise)
