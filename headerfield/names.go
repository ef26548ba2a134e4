// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// reserved mean something to Caddy, to this project or to HTTP itself, by their
// folded names. To set one would change the request, and to remove it from all
// requests would break them. RFC 9110, section 7.6.1, is about those that
// concern a connection only.
var reserved = []string{
	"accept", "authorization", "cache-control", "connection", "cookie", "cookie2", "date", "early-data", "expect",
	"forwarded", "host", "http2-settings", "keep-alive", "last-event-id", "max-forwards", "origin", "pragma", "prefer",
	"priority", "range", "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
	"upgrade-insecure-requests", "user-agent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-method",
	"x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-server",
	"x-forwarded-ssl", "x-forwarded-uri", "x-http-method", "x-http-method-override", "x-method-override",
	"x-original-host", "x-original-url", "x-real-ip", "x-rewrite-url",
}

// reservedPrefixes are such names by how they begin.
var reservedPrefixes = []string{"accept-", "access-control-", "alt-", "content-", "if-", "proxy-", "sec-"}

// CheckName refuses to let a server own what is no name, and names that have a
// meaning of their own in any of their spellings. RFC 9110, section 5.1, has
// names be tokens.
func CheckName(name string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("expected a header's name, of letters, digits and dashes, such as X-User-Id, got %q", name)
	}
	folded := fold(name)
	taken := slices.Contains(reserved, folded) ||
		slices.ContainsFunc(reservedPrefixes, func(taken string) bool { return strings.HasPrefix(folded, taken) })
	if taken {
		return fmt.Errorf("%s has a meaning of its own, and would be taken out of every request; choose another name, such as X-User-Id", name)
	}
	return nil
}

// CheckPrefix refuses to let a server own what is no beginning of a name up to a
// dash, and beginnings that names with a meaning of their own share.
func CheckPrefix(prefix string) error {
	if !httpguts.ValidHeaderFieldName(prefix) || !strings.HasSuffix(prefix, "-") || strings.Trim(prefix, "-") == "" {
		return fmt.Errorf("expected a prefix that ends in a dash, such as X-Auth-, got %q", prefix)
	}
	folded := fold(prefix)
	for _, taken := range reserved {
		if strings.HasPrefix(taken, folded) {
			return errPrefixTaken(prefix, http.CanonicalHeaderKey(taken))
		}
	}
	for _, taken := range reservedPrefixes {
		if strings.HasPrefix(taken, folded) || strings.HasPrefix(folded, taken) {
			return errPrefixTaken(prefix, http.CanonicalHeaderKey(taken)+"*")
		}
	}
	return nil
}

func errPrefixTaken(prefix, taken string) error {
	return fmt.Errorf("%s also begins %s, which has a meaning of its own, and would be taken out of every request; choose another prefix, such as X-Auth-", prefix, taken)
}
