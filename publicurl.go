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
	ctx := r.Context()
	u := authstate.DirectURL(r)
	if original, ok := ctx.Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.RequestURI != r.RequestURI {
		u.Target = authstate.Target(&original)
	}
	if trusted, _ := caddyhttp.GetVar(ctx, caddyhttp.TrustedProxyVarKey).(bool); !trusted {
		return u
	}
	if scheme := strings.ToLower(lastValue(r.Header, "X-Forwarded-Proto")); scheme == "http" || scheme == "https" {
		u.Scheme = scheme
	}
	if host := lastValue(r.Header, "X-Forwarded-Host"); host != "" && httpguts.ValidHostHeader(host) {
		u.Host = host
	}
	return u
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
