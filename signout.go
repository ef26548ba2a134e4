// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

//go:embed signout.html
var signOutPageText string

var signOutPage = parsePage(signOutPageText)

// Reasons for which nobody is signed out.
const (
	reasonSignOutCrossOrigin = "sign-out-cross-origin"
	reasonSignOutMethod      = "sign-out-method"
)

// signOut is where people sign out, and how.
type signOut struct {
	path     string
	sessions *authstate.Authenticator
}

// newSignOut reads the setting; nil without one.
func newSignOut(setting string, a *authenticator) (*signOut, error) {
	if setting == "" {
		return nil, nil
	}
	at, err := caddy.NewReplacer().ReplaceOrErr(setting, true, true)
	if err != nil {
		return nil, fmt.Errorf("sign_out: %w; set what it refers to, or leave the setting out", err)
	}
	if err := checkSignOutPath(at); err != nil {
		return nil, fmt.Errorf("sign_out: %w", err)
	}
	if !a.acceptsSessions() {
		return nil, errors.New("sign_out: accepts_token has no session_token, and machines have no session to sign out of; leave one of them out")
	}
	return &signOut{path: at, sessions: a.sessions}, nil
}

// checkSignOutPath accepts a path that browsers ask for just as it is written,
// since it is compared to the letter. The site's own root is where people are
// sent afterwards.
func checkSignOutPath(p string) error {
	written := url.URL{Path: p}
	if !strings.HasPrefix(p, "/") || p == "/" || path.Clean(p) != p || written.EscapedPath() != p || strings.Contains(p, "*") {
		return fmt.Errorf("expected a path such as /sign-out, without a pattern, query or slash at its end, got %q", p)
	}
	return nil
}

// isAskedFor tells whether a request is for the path, as the browser spells it
// and whatever handle_path or rewrite made of it since.
func (s *signOut) isAskedFor(by *requestState) bool {
	if s == nil {
		return false
	}
	asked, _, _ := strings.Cut(by.target, "?")
	return asked == s.path
}

// serve signs out who asks for it by POST, and everybody else is asked first: a
// link must not sign anyone out.
func (s *signOut) serve(w http.ResponseWriter, r *http.Request) error {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		protectPage(header)
		return writePage(w, http.StatusOK, signOutPage, s.sessions)
	case http.MethodPost:
		return s.end(w, r)
	default:
		header.Set("Allow", "GET, HEAD, POST")
		return refuseSignOut(w, http.StatusMethodNotAllowed, reasonSignOutMethod, "expected GET for the page, or POST to sign out")
	}
}

func (s *signOut) end(w http.ResponseWriter, r *http.Request) error {
	if !isSameOrigin(r) {
		return refuseSignOut(w, http.StatusForbidden, reasonSignOutCrossOrigin,
			"expected the form to be sent from this site (Sec-Fetch-Site: same-origin, or from older browsers the site's own Origin); "+
				"if it was, tell Caddy of the proxy before it (trusted_proxies)")
	}
	header := w.Header()
	for _, cookie := range s.sessions.SignOut(r) {
		header.Add("Set-Cookie", cookie)
	}
	header.Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// refuseSignOut tells why, in the headers of the answer and in the error.
func refuseSignOut(w http.ResponseWriter, status int, reason, message string) error {
	decisions.count(decision{reason: reason})
	authstate.SetReason(w.Header(), "", reason, message)
	return refusal(status, reason, message)
}

// isSameOrigin tells whether a page of this very site made the browser send a
// request. Browsers say so by themselves (Fetch Metadata), where they have TLS
// or are on the same machine; from the others it takes the site's own Origin.
func isSameOrigin(r *http.Request) bool {
	if sites, ok := r.Header["Sec-Fetch-Site"]; ok {
		return len(sites) == 1 && sites[0] == "same-origin"
	}
	address := publicURL(r)
	origins := r.Header["Origin"]
	return len(origins) == 1 && origins[0] == address.Origin()
}
