"""Soups of tags: pieces of markup in any order, as nobody writes them and some pages have them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

# One piece after the other, `|` for a space in it and `%` for an address that no other piece has.
_ANY = """
<script> </script> <script|src=%> <script|src='%'|type=module></script> <!-- --> --!> <!--> <!--->
<![CDATA[ ]]> <img|src=%> <IMG|SRC="%"> <img|srcset="%|2x,|%|3x"> <image|href=%> <image|src=%>
<image|xlink:href=%|/> <svg> </svg> <svg/> <svg|style="background:url(%)"> <math> </math> <math/>
<foreignObject> </foreignObject> <desc> </desc> <title> </title> <annotation-xml> </annotation-xml>
<annotation-xml|encoding=text/html> <annotation-xml|encoding="application/xhtml+xml"> <mi> </mi>
<mtext> </mtext> <mglyph> <malignmark> <g> </g> <a|ping=%> </a> <a|xlink:href=%> <use|href=%|/>
<feImage|href=%|/> <rect|fill="url(%)"/> <path|style='fill:url("%")'> <circle></circle> </path>
<font> <font|color=red> </font> <p> </p> <br> </br> <b> </b> <i> </i> <div> </div> <span> </span>
<div|style="background:url(%)"> <span|style='a:url(%)'> <table> </table> <table|background=%> <tr>
<td> <td|background=%> </td> </tr> <tbody> <caption> <colgroup> <col> <select> </select> <option>
</option> <optgroup> <input> <input|type=image|src=%> <button> </button> <form> </form> <template>
</template> <frameset> </frameset> <frame|src=%> <noframes> </noframes> <noscript> </noscript>
<noembed> </noembed> <xmp> </xmp> <style> </style> <style>a{b:url(%)}</style> <style>@import|'%';
<textarea> </textarea> <plaintext> <iframe|src=%></iframe> <iframe> </iframe> <object|data=%>
<iframe|srcdoc="<img|src=%>"></iframe> </object> <embed|src=%> <applet> </applet> <marquee>
</marquee> <video|src=%|poster=%> <audio|src=%></audio> <source|src=%> <track|src=%> <picture>
</picture> <link|rel=stylesheet|href=%> <link|rel="preload|icon"|href='%'|imagesrcset="%|1x">
<meta|http-equiv=refresh|content="0;url=%"> <base> <basefont> <html> </html> <head> </head> <body>
</body> <body|background=%> <!doctype|html> <h1> </h1> <li> <dd> <ruby> <rp> <rtc> <nobr> </nobr>
<center> <listing> <pre> <hr> <menu> <search> <dialog> <summary> <keygen> <svg><desc> <svg><style>
<math><mi> <svg><script> <svg><title> <math><annotation-xml|encoding=text/html> </svg></math>
<img|alt=' <img|src="% <div|a=" '> "> > ' " < / = text x & &lt; </x> </ <? <! <a|b='>'> | <p \0
"""
_FOREIGN = """
<svg> <math> <svg/> <math|/> <mi> <mo> <mtext> <mi/> <annotation-xml> <annotation-xml|encoding=text/html>
<annotation-xml|ENCODING="APPLICATION/xhtml+xml"> <annotation-xml|encoding="text/html|"> <desc> <title>
<annotation-xml|encoding=text/html/> <annotation-xml|encoding="text&#47;html"> <foreignObject> <desc/>
<foreignObject/> <g> <g/> <circle/> <path></path> <style> <script> <textarea> <xmp> <iframe> <noembed>
<noscript> <plaintext> <mglyph> <malignmark> <b> <p> <div> <font> <font|color> <font|SIZE=1> <br> <img>
<table> <td> <span> <h1> <ruby> <sub> <head> <a> <input> <select> <template> <nobr> </p> </br> </g>
</path> </div> </desc> </svg> </math> </mi> </title> <![CDATA[ ]]> <!-- --> <img|src=%> <img|src=%> x
<script|src=%></script> <use|href=%/> <use|href="%"/> <rect|fill="url(%)"></rect> <g|style="a:url(%)"/>
<g|style='a:url(%)'> <a|style="a:url(%)"> <image|href="%"/> <feImage|xlink:href="%"/>
<set|attributeName=href|to="%"/> <circle|transform="url(%)"/> <circle|fill="url(#a)|url(%)"/>
<circle|fill="&#117;rl(%)"/> <circle|href="&#47;%"/> <use|href="#x"|xlink:href="%"/>
<stop|style="a:url(%)"/> <line|style=a:url(%)></line> <path|d=""|mask="url('%')"/>
<style>@import|'%';</style> <svg><style>a{}</style> <svg><title>x</title>
"""

Soup = Callable[[Random], str]


def _filled(pieces: list[str]) -> str:
    parts = "".join(pieces).replace("|", " ").split("%")
    return "".join(f"{part}//t.example/{n}/" for n, part in enumerate(parts[:-1])) + parts[-1]


def any_soup(random: Random) -> str:
    return _filled(random.choices(_ANY.split(), k=random.randint(1, 25)))


def foreign_soup(random: Random) -> str:
    """Begins in foreign content."""
    pieces = random.choices(_FOREIGN.split(), k=random.randint(1, 12))
    return _filled([random.choice(("<svg>", "<math>", "<div><svg>", "<svg><desc>")), *pieces])
