// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// publicURL gives the address of a request as its sender sees it. Forwarded
// headers count only when they come from one of the server's trusted proxies,
// and then as reverse_proxy reads them: the last value. The path is the one
// that was asked for, whatever handle_path or rewrite made of it since.
func publicURL(r *http.Request) authstate.RequestURL {
	u := authstate.DirectURL(r)
	// Whoever asks has prepared the request.
	u.Target = prepare(r, nil).target
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); trusted {
		believeForwarded(&u, r.Header)
	}
	return u
}

func believeForwarded(u *authstate.RequestURL, h http.Header) {
	if scheme := strings.ToLower(lastValue(h, "X-Forwarded-Proto")); scheme == "http" || scheme == "https" {
		u.Scheme = scheme
	}
	if host := lastValue(h, "X-Forwarded-Host"); host != "" && httpguts.ValidHostHeader(host) {
		u.Host = host
	}
}

// originalTarget gives the path and the query that were asked for. Caddy keeps
// the request as it came, by value: whoever looks needs room on the stack for
// a copy, which is why this is done once and before anything calls deeper. The
// stack of a connection would else have to grow, and be copied.
func originalTarget(r *http.Request) string {
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || original.RequestURI == r.RequestURI {
		return authstate.Target(r)
	}
	return authstate.Target(&original)
}

// lastValue gives the last of the values of a header, whether they came in
// several lines or in one.
func lastValue(h http.Header, name string) string {
	lines := h.Values(name)
	if len(lines) == 0 {
		return ""
	}
	last := lines[len(lines)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
