"""The product in front of a site in any language, or of a folder of files.

    front → middleware → forwarder → the site
                       → static site

`front` refuses what two servers might read differently and finds out who really asks; from there on
everything is plain ASGI. Only `client` knows the library that talks to the site.
"""
