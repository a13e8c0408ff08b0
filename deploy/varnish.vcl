vcl 4.1;

# Varnish 7 with varnish-modules (Debian: varnish, varnish-modules) in front of Isnad. docs/purge.md
# The tests run this file as it is, with their own port below.

import std;
import var;
import xkey;

backend isnad {
    .host = "127.0.0.1";
    .port = "8000";
    .first_byte_timeout = 10s;
    .probe = {
        .url = "/healthz";
        .interval = 1s;
        .timeout = 1s;
        .window = 3;
        .threshold = 2;
        .initial = 2;
    }
}

# Where workers run, which purge.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(403, "Forbidden"));
        }
        # First how far the log is, so that no answer from before it comes in behind the purge.
        if (std.integer(req.http.Isnad-Change, 0) > std.integer(var.global_get("purged"), 0)) {
            var.global_set("purged", req.http.Isnad-Change);
        }
        set req.http.gone = xkey.purge(req.http.xkey-purge);
        return (synth(200, "Purged " + req.http.gone));
    }

    # One name for one thing: the API asks neither for a host name nor for cookies, and what
    # trackers add (TRACKING in app/http/responses.py) says nothing of feeds and files.
    set req.http.Host = "isnad";
    unset req.http.Cookie;
    if (req.url ~ "^/(feeds/|media/|oembed|sitemap)") {
        set req.url = regsuball(req.url, "(?i)([?&])(utm_[^=&]*|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|srsltid|mc_cid|mc_eid|mkt_tok|oly_enc_id|vero_id|_hsenc|_hsmi|_ga|_gl|ref|_|cb|nocache|no_cache|cachebuster|rand|random|rnd|timestamp|ts)(=[^&]*)?(?=&|$)", "\1");
        set req.url = regsuball(req.url, "&+", "&");
        set req.url = regsub(regsub(req.url, "\?&", "?"), "[?&]$", "");
    }

    # Two encodings are kept, not one for each browser's list of them. (Varnish itself does so too.)
    if (req.http.Accept-Encoding ~ "gzip") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }

    # What is for one caller, and what wants a change that may not be here yet.
    if (req.http.Authorization || req.http.Isnad-Min-Change || req.url ~ "[?&](preview|min_change)=") {
        return (pass);
    }
}

sub vcl_backend_response {
    # The origin fails while a copy is still good enough (stale-while-revalidate): keep that.
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
    set beresp.http.xkey = "all " + beresp.http.Surrogate-Key;

    # Kept is what says how far in the log it looks, and looks as far as the last purge. What was on
    # its way while its keys were purged is told to whoever asked, and forgotten.
    if (!beresp.http.Isnad-Change || std.integer(beresp.http.Isnad-Change, 0)
            < std.integer(var.global_get("purged"), 0)) {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }

    # Varnish takes s-maxage and stale-while-revalidate by itself; it must have no window of its own
    # where there is none.
    if (beresp.http.Cache-Control !~ "stale-while-revalidate") {
        set beresp.grace = 0s;
    }
    set beresp.keep = 0s;
}

sub vcl_deliver {
    unset resp.http.xkey;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    } else {
        set resp.http.X-Cache = "miss";
    }
}
