// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"slices"
	"strings"
)

// StripCookies removes Clerk's cookies from a request's header: those of all
// instances, and not of one alone, since each is a credential to whoever it is
// shown to. Clerk's are __session, __client_uat and __refresh, with a suffix and
// without, __client, and whatever begins with __clerk_
// (https://clerk.com/docs/guides/how-clerk-works/overview).
//
// All others stay as they were, to the byte. They are told apart as an
// Authenticator does, at semicolons (RFC 6265, section 4.2.1), whatever is
// between them. A shallow copy of the header keeps what it has.
func StripCookies(h http.Header) {
	lines := h["Cookie"]
	if !slices.ContainsFunc(lines, hasClerkCookie) {
		return
	}
	if kept := withoutClerkCookies(lines); len(kept) > 0 {
		h["Cookie"] = kept
	} else {
		delete(h, "Cookie")
	}
}

func withoutClerkCookies(lines []string) []string {
	var kept []string
	for _, line := range lines {
		if hasClerkCookie(line) {
			line = stripLine(line)
			if strings.Trim(line, "; \t") == "" {
				continue
			}
		}
		kept = append(kept, line)
	}
	return kept
}

func hasClerkCookie(line string) bool {
	for pair := range strings.SplitSeq(line, ";") {
		if isClerkPair(pair) {
			return true
		}
	}
	return false
}

func stripLine(line string) string {
	pairs := strings.Split(line, ";")
	first := isClerkPair(pairs[0])
	line = strings.Join(slices.DeleteFunc(pairs, isClerkPair), ";")
	if first {
		return strings.TrimLeft(line, " \t")
	}
	return line
}

func isClerkPair(pair string) bool {
	name, _, ok := cut(pair, '=')
	return ok && isClerkCookie(trimBlanks(name))
}

// clerkCookies are Clerk's cookies, but for those that begin with
// clerkCookiePrefix. __client is the Frontend API's own, which browsers send to
// the site when that is proxied there.
var clerkCookies = []struct {
	name     string
	suffixed bool
}{
	{cookieSession, true},
	{cookieClientUAT, true},
	{cookieRefresh, true},
	{"__client", false},
}

// clerkCookiePrefix begins the names of the rest: __clerk_db_jwt,
// __clerk_handshake, __clerk_redirect_count and so on.
const clerkCookiePrefix = "__clerk_"

// isClerkCookie tells whether a cookie is Clerk's, of whatever instance.
func isClerkCookie(name string) bool {
	if !strings.HasPrefix(name, "__") {
		return false
	}
	if strings.HasPrefix(name, clerkCookiePrefix) {
		return true
	}
	for _, cookie := range clerkCookies {
		rest, ok := strings.CutPrefix(name, cookie.name)
		if ok && (rest == "" || cookie.suffixed && isCookieSuffix(rest)) {
			return true
		}
	}
	return false
}

func isCookieSuffix(rest string) bool {
	return len(rest) == 1+cookieSuffixLength && rest[0] == '_' && strings.Trim(rest, base64URL) == ""
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
