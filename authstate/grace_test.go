// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// newGrace makes a kit with five minutes of grace, and the switch that takes
// Clerk away.
func newGrace(t testing.TB, change ...func(*Options)) (k *kit, away *bool) {
	t.Helper()
	away = new(bool)
	grace := func(o *Options) {
		o.Grace = &Grace{For: 5 * time.Minute, Unreachable: func() bool { return *away }}
	}
	return newKit(t, liveKey, append(change, grace)...), away
}

// aged signs a session token that expired so many seconds ago.
func (k *kit) aged(seconds int64, changes ...object) string {
	old := object{"iat": k.at(-60 - seconds), "nbf": k.at(-70 - seconds), "exp": k.at(-seconds)}
	return k.session(append([]object{old}, changes...)...)
}

func TestAnExpiredSessionPassesDuringAnOutage(t *testing.T) {
	k, away := newGrace(t)
	*away = true
	for name, r := range map[string]*http.Request{
		"a navigation": document(t, "/", "__session="+k.aged(60), "__client_uat=1"),
		"a script":     script(t, "/", "__session="+k.aged(60), "__client_uat=1"),
		"a header":     read(t, "GET /", "Authorization: Bearer "+k.aged(60)),
		"HEAD":         read(t, "HEAD /", "Authorization: Bearer "+k.aged(60)),
		"OPTIONS":      read(t, "OPTIONS /", "Authorization: Bearer "+k.aged(60)),
		"at its end":   read(t, "GET /", "Authorization: Bearer "+k.aged(304)),
	} {
		t.Run(name, func(t *testing.T) {
			s := k.auth.Authenticate(r)
			expect(t, s, SignedIn, "")
			if s.Grace != ReasonOutageGrace || s.Claims.UserID != "user_1" || !s.IsSignedIn() || s.Location != "" || len(s.Cookies) > 0 {
				t.Errorf("%+v", s)
			}
			header := http.Header{}
			s.Apply(header)
			if header.Get("X-Clerk-Auth-Status") != "signed-in" || header.Get("X-Clerk-Auth-Reason") != ReasonOutageGrace {
				t.Errorf("headers %v", header)
			}
		})
	}
}

// TestNothingButTheTimeIsForgiven has what must not pass, outage or not.
func TestNothingButTheTimeIsForgiven(t *testing.T) {
	k, away := newGrace(t, func(o *Options) {
		o.Requirements.AuthorizedParties = []string{appOrigin}
		o.Requirements.Audiences = []string{"this"}
		o.AcceptsToken = []string{SessionToken, OAuthToken, M2MToken}
	})
	*away = true
	bearer := func(token string) *http.Request { return read(t, "GET /", "Authorization: Bearer "+token) }
	expect(t, k.auth.Authenticate(bearer(k.aged(60))), SignedIn, "")
	old := object{"iat": k.at(-120), "nbf": k.at(-130), "exp": k.at(-60)}
	machine := object{"sub": "mch_1", "scopes": "read"}
	for name, r := range map[string]*http.Request{
		"too old":             bearer(k.aged(305)),
		"another party":       bearer(k.aged(60, object{"azp": "https://evil.example"})),
		"no party":            bearer(k.aged(60, object{"azp": nil})),
		"another audience":    bearer(k.aged(60, object{"aud": "that"})),
		"another issuer":      bearer(k.aged(60, object{"iss": "https://evil.example"})),
		"no subject":          bearer(k.aged(60, object{"sub": nil})),
		"not active yet":      bearer(k.aged(60, object{"nbf": k.at(60)})),
		"of the future":       bearer(k.aged(60, object{"iat": k.at(60)})),
		"no expiry":           bearer(k.aged(60, object{"exp": nil})),
		"expiry is no number": bearer(k.aged(60, object{"exp": "soon"})),
		"foreign":             bearer(sign(foreignRSA(), jwtHeader(), k.claims(old))),
		"unknown key":         bearer(sign(instanceRSA(), jwtHeader(object{"kid": "ins_2"}), k.claims(old))),
		"JWT template":        bearer(sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), k.claims(old))),
		"a machine":           bearer(sign(instanceRSA(), jwtHeader(object{"cat": machineClass}), k.claims(old, machine))),
		"OAuth":               bearer(sign(instanceRSA(), jwtHeader(object{"typ": "at+jwt"}), k.claims(old))),
		"signed out since":    document(t, "/", "__session="+k.aged(60), "__client_uat=0"),
		"signed in anew":      document(t, "/", "__session="+k.aged(60), "__client_uat="+unix(k.at(-30))),
		"POST":                read(t, "POST /", "Authorization: Bearer "+k.aged(60)),
		"PUT":                 read(t, "PUT /", "Authorization: Bearer "+k.aged(60)),
		"TRACE":               read(t, "TRACE /", "Authorization: Bearer "+k.aged(60)),
		"get":                 read(t, "get /", "Authorization: Bearer "+k.aged(60)),
		"a WebSocket": read(t, "GET /", "Authorization: Bearer "+k.aged(60),
			"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
	} {
		t.Run(name, func(t *testing.T) {
			if s := k.auth.Authenticate(r); s.Status == SignedIn || s.Grace != "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestThereIsNoGraceWhileClerkIsThere(t *testing.T) {
	k, away := newGrace(t)
	expect(t, k.auth.Authenticate(document(t, "/", "__session="+k.aged(60), "__client_uat=1")), Handshake, expiredRefresh+refreshNoCookie)
	*away = true
	s := k.auth.Authenticate(document(t, "/", "__session="+k.session(), "__client_uat=1"))
	if expect(t, s, SignedIn, ""); s.Grace != "" {
		t.Errorf("expected a good session to be as ever, got %+v", s)
	}
	k.keys.outage = errOutage
	if s := k.auth.Authenticate(document(t, "/", "__session="+k.aged(60), "__client_uat=1")); s.Status != SignedOut || !s.Unavailable {
		t.Errorf("expected nobody to pass without keys, got %+v", s)
	}
}

func TestARefreshComesBeforeTheGrace(t *testing.T) {
	k, away := newGrace(t)
	store := new(sessionStore)
	k.auth.options.Sessions = store
	store.cookies = directivesOf(k.session())
	if s := k.auth.Authenticate(document(t, "/", k.stale()...)); s.Grace != "" || len(store.asked) != 1 {
		t.Errorf("expected a refresh, got %+v", s)
	}
	// The attempt itself shows that Clerk is gone.
	k.auth.options.Sessions = refreshFunc(func() ([]string, error) {
		*away = true
		return nil, ErrUnavailable
	})
	if s := k.auth.Authenticate(document(t, "/", k.stale()...)); s.Grace == "" {
		t.Errorf("expected the session to pass, got %+v", s)
	}
}

func TestAnOldSessionDoesNotPassForAnotherOrganization(t *testing.T) {
	k, away := newGrace(t, func(o *Options) { o.OrganizationPatterns = []string{"/orgs/:slug"} })
	*away = true
	session := []string{"__session=" + k.aged(60, object{"v": 2, "o": object{"id": "org_1", "slg": "acme", "rol": "admin"}}), "__client_uat=1"}
	expect(t, k.auth.Authenticate(document(t, "/orgs/acme", session...)), SignedIn, "")
	if s := k.auth.Authenticate(document(t, "/orgs/other", session...)); s.Status == SignedIn {
		t.Errorf("%+v", s)
	}
}

func TestAGraceNeedsToBeToldOfOutages(t *testing.T) {
	v, err := verifier.New(verifier.Options{Keys: new(keyRing)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{PublishableKey: liveKey, Verifier: v, Grace: &Grace{For: time.Minute}}); err == nil {
		t.Error("expected an error")
	}
}

// refreshFunc is Sessions.
type refreshFunc func() ([]string, error)

func (f refreshFunc) RefreshSession(context.Context, Refresh) ([]string, error) { return f() }
