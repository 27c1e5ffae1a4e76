# Varnish for delivery = "shared". TLS ends in front of it.
vcl 4.1;

backend app { .host = "127.0.0.1"; .port = "8001"; }

sub vcl_recv {
  # Made here and nowhere else; what a visitor sends under its name is overwritten.
  set req.http.X-Consent-Variant = "new";
  if (req.http.Cookie ~ "(^|; )__Host-asgi_consent_variant=[a-z0-9_-]{1,64}(;|$)") {
    set req.http.X-Consent-Variant = regsub(req.http.Cookie,
      "^(?:.*; )?__Host-asgi_consent_variant=([a-z0-9_-]{1,64})(?:;.*)?$", "\1");
  }
  if (req.http.Sec-GPC == "1") {
    set req.http.X-Consent-Variant = req.http.X-Consent-Variant + "-gpc";
  }
  set req.http.X-Forwarded-Proto = "https";
  # Cookies do not keep a page out of the cache: the app says which pages may be kept.
  if (req.method == "GET" || req.method == "HEAD") { return (hash); }
}

sub vcl_hash { hash_data(req.http.X-Consent-Variant); }

sub vcl_deliver {
  if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
}
