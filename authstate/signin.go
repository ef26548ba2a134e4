// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/nlnwa/whatwg-url/url"
)

// isPath tells a path on the request's own origin from an absolute URL.
func isPath(s string) bool { return strings.HasPrefix(s, "/") }

// checkURL accepts what a setting that takes a URL or a path can be. The path
// given is an example for it.
func checkURL(setting, example string) error {
	if setting == "" {
		return nil
	}
	if isPath(setting) {
		if strings.HasPrefix(setting, "//") || strings.Contains(setting, `\`) {
			return fmt.Errorf("expected a path with one slash at its beginning, got %q", setting)
		}
		return nil
	}
	u, err := url.Parse(setting)
	if err != nil || (u.Scheme() != "https" && u.Scheme() != "http") {
		return fmt.Errorf("expected a URL such as https://example.com%s or a path such as %s, got %q", example, example, setting)
	}
	if u.Username() != "" || u.Password() != "" {
		return errors.New("expected a URL without user information")
	}
	return nil
}

// isSafe tells whether an address can be sent tokens: it is encrypted, or on
// this machine.
func isSafe(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return u.Scheme() == "https" || isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// SignInURL is where to send the person who made the request to sign in, or,
// with a session task left, to do that. It leads back to the request.
func (s *State) SignInURL() (string, error) {
	q := s.request
	target := q.auth.options.SignInURL
	if target == "" {
		target = q.auth.key.accountsURL() + "/sign-in"
	}
	if s.IsPending() {
		target += "/tasks"
	}
	return q.leadingBack(target)
}

// signInTime is enough for a sign-in page to load its script, see that the person
// is signed in, and send them back, and too little for people to sign in.
const signInTime = 10 * time.Second

// SignInRedirect gives the location and the cookie of a redirect to SignInURL.
// The cookie, which may be empty, counts redirects in a row: who is signed in
// with Clerk comes straight back, and with the same session, if that was
// rejected for what signing in does not mend, such as an origin that
// authorized_parties lacks. After several in a row it is an error, and a Loop.
func (s *State) SignInRedirect() (location, cookie string, err error) {
	if s.Rejected {
		if cookie = s.request.countRedirect(signInTime); cookie == "" {
			s.Loop = true
			s.request.auth.warn(&s.request.auth.loopWarning, errSignInLoop.Error(), "reason", s.Reason, "causes", s.LoopCauses())
			return "", "", errSignInLoop
		}
	}
	location, err = s.SignInURL()
	return location, cookie, err
}

var errSignInLoop = errors.New("redirect loop: signing in leads back here with a session that is rejected for the same reason each time")

// SignUpURL is SignInURL for somebody who has no account yet. Without a page
// of its own it is the one below the sign-in page that Clerk's components
// have, or the instance's hosted one.
func (s *State) SignUpURL() (string, error) {
	q := s.request
	target := q.auth.options.SignUpURL
	if target == "" && q.auth.options.SignInURL != "" {
		page, err := url.ParseRef(q.public().Origin(), q.auth.options.SignInURL)
		if err != nil {
			return "", fmt.Errorf("building the sign-up address: %w", err)
		}
		page.SetPathname(page.Pathname() + "/create")
		target = page.Href(false)
	}
	if target == "" {
		target = q.auth.key.accountsURL() + "/sign-up"
	}
	if s.IsPending() {
		target += "/tasks"
	}
	return q.leadingBack(target)
}

var errGuardsItself = errors.New("the sign-in page is behind the gate itself, so redirecting to it would never end; leave it out of the gate with a matcher")

// protocolParameters are what a handshake puts into an address.
var protocolParameters = []string{cookieHandshake, cookieHandshakeNonce, cookieDevBrowser, queryHandshakeHelp}

// leadingBack resolves a page against the request's address and adds the way
// back, less what the handshake protocol may have put in it.
func (q *request) leadingBack(page string) (string, error) {
	if q.url() == nil {
		return "", errAddress
	}
	back := q.url().Href(false)
	target, err := url.ParseRef(back, page)
	if err != nil {
		return "", fmt.Errorf("building the sign-in address: %w", err)
	}
	if originOf(target) == originOf(q.url()) && target.Pathname() == q.url().Pathname() {
		q.auth.warn(&q.auth.pageWarning, errGuardsItself.Error(), "path", target.Pathname())
		return "", errGuardsItself
	}
	if len(q.query()) > len(q.query().without(protocolParameters...)) {
		back = q.without(protocolParameters...)
	}
	crosses := target.Host() != q.url().Host()
	if crosses && q.auth.options.Satellite != nil {
		// Whoever has signed in on the primary domain is to be known here, too.
		if back, err = withParameter(back, querySynced, syncedNeeded); err != nil {
			return "", err
		}
	}
	query := parseParameters(target.Query()).with("redirect_url", back)
	if browser := q.devBrowser(); browser != "" && q.auth.key.InstanceType == Development && crosses {
		query = query.with(cookieDevBrowser, browser)
	}
	setParameters(target, query)
	return target.Href(false), nil
}

func withParameter(address, name, value string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errAddress
	}
	setParameters(u, parseParameters(u.Query()).with(name, value))
	return u.Href(false), nil
}
