// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ownedHeaders are header names that only gates may set: one name, or with
// family all names that begin so. The text is folded.
type ownedHeaders struct {
	text   string
	family bool
}

// clerkHeaders are never a client's to set, whatever a gate is configured to
// set itself.
var clerkHeaders = ownedHeaders{text: fold(defaultIdentityPrefix), family: true}

// covers tells whether an application could take a header for one of these. Of
// most headers the first character tells that it could not.
func (o ownedHeaders) covers(name string) bool {
	if len(name) < len(o.text) || len(name) > len(o.text) && !o.family {
		return false
	}
	for i := range len(o.text) {
		if foldByte(name[i]) != o.text[i] {
			return false
		}
	}
	return true
}

// fold gives what is the same for all spellings of a header name that an
// application may take for each other.
func fold(name string) string {
	folded := []byte(name)
	for i, c := range folded {
		folded[i] = foldByte(c)
	}
	return string(folded)
}

// foldByte makes one of the cases, and of everything that is neither a letter
// nor a digit. RFC 3875, section 4.1.18, has CGI write dashes as underscores;
// some of its heirs do so with dots, and some with every other character.
func foldByte(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	case 'A' <= c && c <= 'Z':
		return c | 0x20
	default:
		return '-'
	}
}

// isOwned tells whether any of these covers a header.
func isOwned(owned []ownedHeaders, name string) bool {
	for _, o := range owned {
		if o.covers(name) {
			return true
		}
	}
	return false
}

// reservedHeaders mean something to Caddy, to this module or to HTTP itself, by
// their folded names. To set one would change the request, and to remove it
// from all requests would break them. RFC 9110, section 7.6.1, is about those
// that concern a connection only.
var reservedHeaders = []string{
	"accept", "authorization", "cache-control", "connection", "cookie", "cookie2", "date", "early-data", "expect",
	"forwarded", "host", "http2-settings", "keep-alive", "last-event-id", "max-forwards", "origin", "pragma", "prefer",
	"priority", "range", "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
	"upgrade-insecure-requests", "user-agent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-method",
	"x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-server",
	"x-forwarded-ssl", "x-forwarded-uri", "x-http-method", "x-http-method-override", "x-method-override",
	"x-original-host", "x-original-url", "x-real-ip", "x-rewrite-url",
}

// reservedFamilies are such headers by how they begin.
var reservedFamilies = []string{"accept-", "access-control-", "alt-", "content-", "if-", "proxy-", "sec-"}

// checkHeaderName refuses what is no name, and names that are taken. RFC 9110,
// section 5.1, has names be tokens.
func checkHeaderName(name string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("expected a header's name, of letters, digits and dashes, such as X-User-Id, got %q", name)
	}
	folded := fold(name)
	taken := slices.Contains(reservedHeaders, folded) ||
		slices.ContainsFunc(reservedFamilies, func(family string) bool { return strings.HasPrefix(folded, family) })
	if taken {
		return fmt.Errorf("%s has a meaning of its own, and would be taken out of every request; choose another name, such as X-User-Id", name)
	}
	return nil
}

// checkHeaderPrefix refuses what is no beginning of a name, and beginnings
// that names which are taken share.
func checkHeaderPrefix(prefix string) error {
	if !httpguts.ValidHeaderFieldName(prefix) || !strings.HasSuffix(prefix, "-") || strings.Trim(prefix, "-") == "" {
		return fmt.Errorf("expected a prefix that ends in a dash, such as X-Auth-, got %q", prefix)
	}
	folded := fold(prefix)
	for _, taken := range reservedHeaders {
		if strings.HasPrefix(taken, folded) {
			return errPrefixTaken(prefix, http.CanonicalHeaderKey(taken))
		}
	}
	for _, family := range reservedFamilies {
		if strings.HasPrefix(family, folded) || strings.HasPrefix(folded, family) {
			return errPrefixTaken(prefix, http.CanonicalHeaderKey(family)+"*")
		}
	}
	return nil
}

func errPrefixTaken(prefix, taken string) error {
	return fmt.Errorf("%s also begins %s, which has a meaning of its own, and would be taken out of every request; choose another prefix, such as X-Auth-", prefix, taken)
}
