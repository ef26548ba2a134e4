// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/headerfield"
)

// The headers that Clerk asks a proxy for
// (https://clerk.com/docs/guides/dashboard/dns-domains/proxy-fapi).
const (
	headerProxyURL  = "Clerk-Proxy-Url"
	headerSecretKey = "Clerk-Secret-Key" //nolint:gosec // It is the name of a header.
)

// edgeHeaders are those by which a client could speak for the edge: the ones that
// are set here, and what else names a client's address, or another target than the
// request's. A star stands for any ending. Upgrade is one that the Frontend API has
// no use for.
var edgeHeaders = []string{
	headerProxyURL, headerSecretKey, "X-Forwarded*", "Forwarded*", "X-Original-*", "X-Rewrite-Url", "X-Real-Ip", "Client-Ip", "X-Client-Ip",
	"X-Cluster-Client-Ip", "True-Client-Ip", "Cf-*", "Fastly-Client-Ip", "Fly-Client-Ip", "X-Azure-Clientip", "X-Envoy-External-Address",
	"X-Vercel-Forwarded-For", "Upgrade",
}

var ownedByEdge = func() (owned []headerfield.Owned) {
	for _, name := range edgeHeaders {
		if prefix, ok := strings.CutSuffix(name, "*"); ok {
			owned = append(owned, headerfield.OwnedPrefix(prefix))
			continue
		}
		owned = append(owned, headerfield.OwnedName(name))
	}
	return owned
}()

// removeEdgeHeaders deletes them in every spelling.
func removeEdgeHeaders(h http.Header) {
	for name := range h {
		if headerfield.IsOwned(ownedByEdge, name) {
			delete(h, name)
		}
	}
}

// frontendRequest is what the transport has to know of a request.
type frontendRequest struct {
	// proxyURL is where the browser finds the proxy; empty where neither the
	// configuration nor the request names a host. scheme and host are what it
	// asked for, clientIP is its address; empty when it has none.
	proxyURL, scheme, host, clientIP string
}

type frontendRequestKey struct{}

// newFrontendRequest reads a request that has been prepared, and still has what
// trusted proxies say of it. Without a proxyURL it is the request's own origin and
// the path.
func newFrontendRequest(r *http.Request, proxyURL, path string) *frontendRequest {
	public := publicURL(r)
	if proxyURL == "" && public.Host != "" {
		proxyURL = public.Origin() + path
	}
	return &frontendRequest{proxyURL: proxyURL, scheme: public.Scheme, host: public.Host, clientIP: clientIP(r)}
}

// clientIP is the client's address in the server's view, without a zone, which
// means nothing on another machine.
func clientIP(r *http.Request) string {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	address, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return address.Unmap().WithZone("").String()
}

// clientBody tells the failures of the client who sends a body from those of the
// Frontend API: they have a status that says so.
type clientBody struct{ io.ReadCloser }

// Read implements io.Reader.
func (b clientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	// A body that is closed is one that nobody wants any more.
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, http.ErrBodyReadAfterClose) {
		return n, err
	}
	return n, caddyhttp.Error(http.StatusBadRequest, err)
}
