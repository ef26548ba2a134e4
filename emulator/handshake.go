// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator/internal/destination"
)

const (
	formatNonce = "nonce"
	formatToken = "token"

	handshakeMaxAge = 60

	// A browser drops a cookie of more than 4096 bytes with its name and
	// attributes.
	maxHandshakeCookie = 3900
)

// handshake tells an application what the instance knows of a browser: it sends
// the browser back with the cookies that the application is to set, either in a
// signed token or behind a nonce.
func (e *Emulator) handshake(w http.ResponseWriter, r *http.Request) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	to, err := destination.Parse(query.Get("redirect_url"), e.seenFrom(r).origin)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "redirect_url_invalid", err.Error())
		return
	}
	format := query.Get("format")
	if format != "" && format != formatNonce && format != formatToken {
		writeAPIError(w, http.StatusBadRequest, "format_invalid", "format: expected nonce or token")
		return
	}

	now := e.now()
	browser := e.ensureBrowser(r, query)
	e.activateOrganization(browser, query)
	known := e.store.clientOf(browser)
	name, value := cookieHandshakeNonce, ""
	if format == formatNonce {
		var directives []string
		if directives, err = e.directives(known, to, name, now); err == nil {
			value = e.store.putNonce(directives, now)
		}
	} else {
		name = cookieHandshake
		value, err = e.handshakeToken(known, to, now)
	}
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", fmt.Sprintf("making the handshake: %v", err))
		return
	}
	e.answerHandshake(w, to, name, value)
}

// answerHandshake hands the payload over: in the address in development, where
// the application may be on another host, and in a cookie in production.
func (e *Emulator) answerHandshake(w http.ResponseWriter, to destination.Destination, name, value string) {
	address := to.Address
	if e.production {
		c := httpOnly(cookie(name, value, to.Secure)) //nolint:gosec // Secure follows the scheme.
		c.MaxAge = handshakeMaxAge
		http.SetCookie(w, c)
	} else {
		address = to.With(name, value)
	}
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// activateOrganization follows an application whose address names the
// organization that is to be active. What the person does not belong to leaves
// the session as it is.
func (e *Emulator) activateOrganization(browser string, query url.Values) {
	if !query.Has("organization_id") {
		return
	}
	wanted := query.Get("organization_id")
	e.store.change(browser, func(s *session) {
		if !s.pending {
			s.activate(wanted)
		}
	})
}

// directives are the cookies that the application is to set for itself, as
// Set-Cookie values. Clerk's SDKs take the last one whose name begins with
// __session as the token, so the session's stand last.
func (e *Emulator) directives(c client, to destination.Destination, carrier string, now time.Time) ([]string, error) {
	cookies := e.uatCookies(c, now, to.Secure)
	if e.production {
		cookies = append(cookies, httpOnly(expired(carrier, to.Secure)))
	} else {
		cookies = append(cookies, e.both(cookieDevBrowser, c.browser, to.Secure)...)
	}
	s := c.session(c.active)
	if s == nil {
		return asDirectives(append(cookies, e.sessionExpired(to.Secure)...)), nil
	}
	token, err := e.sessionToken(*s, to.Origin, now)
	if err != nil {
		return nil, err
	}
	cookies = append(cookies, e.refreshCookie(e.store.putRefresh(c.browser, s.id), to.Secure))
	return asDirectives(append(cookies, e.both(cookieSession, token, to.Secure)...)), nil
}

// handshakeToken signs the directives. What makes a cookie too long for a
// browser, with a long name or host, it leaves out: the plain session cookie,
// since the suffixed one says the same, and then what only spares handshakes.
func (e *Emulator) handshakeToken(c client, to destination.Destination, now time.Time) (string, error) {
	directives, err := e.directives(c, to, cookieHandshake, now)
	if err != nil {
		return "", err
	}
	token, err := e.signDirectives(directives)
	for _, name := range []string{cookieSession, e.suffixed(cookieRefresh)} {
		if err != nil || !e.production || len(token) <= maxHandshakeCookie {
			break
		}
		directives = slices.DeleteFunc(directives, func(directive string) bool { return strings.HasPrefix(directive, name+"=") })
		token, err = e.signDirectives(directives)
	}
	return token, err
}

func (e *Emulator) signDirectives(directives []string) (string, error) {
	return e.Sign(sessionHeader(), map[string]any{"handshake": directives})
}
