// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Names of Clerk's cookies. The first four also come with a suffix.
const (
	cookieSession        = "__session"
	cookieClientUAT      = "__client_uat"
	cookieDevBrowser     = "__clerk_db_jwt"
	cookieRefresh        = "__refresh"
	cookieHandshake      = "__clerk_handshake"
	cookieHandshakeNonce = "__clerk_handshake_nonce"
	cookieRedirectCount  = "__clerk_redirect_count"
)

// cookieJar names the cookies of an instance. The order is that of the
// indices below.
type cookieJar [numCookies]string

const (
	plainSession = iota
	plainClientUAT
	plainDevBrowser
	suffixedSession
	suffixedClientUAT
	suffixedDevBrowser
	suffixedRefresh
	handshakeToken
	handshakeNonce
	redirectCount
	numCookies
)

func newCookieJar(suffix string) *cookieJar {
	return &cookieJar{
		plainSession:       cookieSession,
		plainClientUAT:     cookieClientUAT,
		plainDevBrowser:    cookieDevBrowser,
		suffixedSession:    cookieSession + "_" + suffix,
		suffixedClientUAT:  cookieClientUAT + "_" + suffix,
		suffixedDevBrowser: cookieDevBrowser + "_" + suffix,
		suffixedRefresh:    cookieRefresh + "_" + suffix,
		handshakeToken:     cookieHandshake,
		handshakeNonce:     cookieHandshakeNonce,
		redirectCount:      cookieRedirectCount,
	}
}

// cookies holds the values of Clerk's cookies; empty means absent.
type cookies [numCookies]string

// read picks Clerk's cookies from a request, in one pass and without regard
// to how many others there are. Of several of one name the first counts, even
// an empty one. The header is cut at its delimiters first and values are
// percent-decoded after, so that an encoded delimiter cannot make a cookie.
func (jar *cookieJar) read(header http.Header, found *cookies) {
	var seen [numCookies]bool
	for _, line := range header["Cookie"] {
		for more := true; more; {
			var pair string
			pair, line, more = cut(line, ';')
			pair = trimBlanks(pair)
			if !strings.HasPrefix(pair, "__") {
				continue
			}
			name, value, ok := cut(pair, '=')
			if !ok {
				continue
			}
			i := jar.index(trimBlanks(name))
			if i < 0 || seen[i] {
				continue
			}
			seen[i] = true
			found[i] = percentDecode(trimBlanks(value))
		}
	}
}

// cut is strings.Cut at a byte, and trimBlanks strings.Trim of blanks, without
// what those do for separators and sets of any length: a browser's cookies are
// most of what there is to read of its requests.
func cut(s string, at byte) (before, after string, found bool) {
	if i := strings.IndexByte(s, at); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func trimBlanks(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (jar *cookieJar) index(name string) int {
	for i, known := range jar {
		if name == known {
			return i
		}
	}
	return -1
}

// percentDecode is decodeURIComponent, which leaves alone what it cannot
// decode.
func percentDecode(value string) string {
	if strings.IndexByte(value, '%') < 0 {
		return value
	}
	decoded, err := url.PathUnescape(value)
	if err != nil || !utf8.ValidString(decoded) {
		return value
	}
	return decoded
}

// directiveName gives the name of the cookie that a Set-Cookie directive sets.
func directiveName(directive string) string {
	pair, _, _ := strings.Cut(directive, ";")
	name, _, _ := strings.Cut(pair, "=")
	return name
}

// directiveValue gives the value up to a second equals sign, which no token
// contains.
func directiveValue(directive string) string {
	pair, _, _ := strings.Cut(directive, ";")
	_, value, _ := strings.Cut(pair, "=")
	value, _, _ = strings.Cut(value, "=")
	return value
}
