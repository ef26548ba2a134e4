// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// ending is a SessionEnder that notes what it was asked.
type ending struct {
	ended []string
	err   error
}

func (e *ending) EndSession(_ context.Context, id string) error {
	e.ended = append(e.ended, id)
	return e.err
}

// newSignOutKit makes a kit of a production instance with the log that it writes.
func newSignOutKit(t testing.TB, change ...func(*Options)) (*kit, *ending, *bytes.Buffer) {
	t.Helper()
	ends, log := new(ending), new(bytes.Buffer)
	k := newKit(t, liveKey, append(change, func(o *Options) {
		o.SessionEnder, o.Log = ends, slog.New(slog.NewTextHandler(log, nil))
	})...)
	return k, ends, log
}

func signOutRequest(t testing.TB, cookies ...string) *http.Request {
	t.Helper()
	return read(t, "POST /sign-out", "Cookie: "+strings.Join(cookies, "; "))
}

// Whoever signs out ends the session that a signature vouches for, and no other.
func TestSignOutEndsTheSessionThatIsProven(t *testing.T) {
	k, _, _ := newSignOutKit(t)
	good, other := k.session(), k.session(object{"sid": "sess_2", "iat": k.at(-11)})
	unsigned := encode(jwtHeader(object{"alg": "none"})) + "." + encode(k.claims()) + "."
	header, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	altered := header + "." + encode(k.claims(object{"sid": "sess_9"})) + "." + signature
	template := sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), k.claims())

	for name, test := range map[string]struct {
		cookies []string
		want    []string
	}{
		"none":                          {nil, nil},
		"plain":                         {[]string{"__session=" + good, "__client_uat=1"}, []string{"sess_1"}},
		"suffixed":                      {[]string{"__session" + liveSuffix + "=" + good, "__client_uat" + liveSuffix + "=1"}, []string{"sess_1"}},
		"without a uat":                 {[]string{"__session=" + good}, []string{"sess_1"}},
		"expired":                       {[]string{"__session=" + k.expired(), "__client_uat=1"}, []string{"sess_1"}},
		"not active yet":                {[]string{"__session=" + k.session(object{"nbf": k.at(600)})}, []string{"sess_1"}},
		"made in the future":            {[]string{"__session=" + k.session(object{"iat": k.at(600)})}, []string{"sess_1"}},
		"unsigned":                      {[]string{"__session=" + unsigned}, nil},
		"signed by another":             {[]string{"__session=" + k.foreign()}, nil},
		"altered":                       {[]string{"__session=" + altered}, nil},
		"no token":                      {[]string{"__session=sess_1"}, nil},
		"a template's":                  {[]string{"__session=" + template}, nil},
		"of another issuer":             {[]string{"__session=" + k.session(object{"iss": "https://clerk.other.example"})}, nil},
		"without a session":             {[]string{"__session=" + k.session(object{"sid": nil})}, nil},
		"without a session or a person": {[]string{"__session=" + k.session(object{"sub": nil})}, nil},
		"a development browser's":       {[]string{"__clerk_db_jwt=" + good}, nil},
		"a handshake's":                 {[]string{"__clerk_handshake=" + k.handshake("__session="+good)}, nil},
		"of another instance":           {[]string{"__session_AAAAAAAA=" + good}, nil},
		"the set that counts": {
			[]string{"__session=" + other, "__client_uat=1", "__session" + liveSuffix + "=" + good, "__client_uat" + liveSuffix + "=1"},
			[]string{"sess_1"},
		},
		"the other set, where a stranger's stands in this": {
			[]string{"__session=" + good, "__client_uat=1", "__session" + liveSuffix + "=" + altered, "__client_uat" + liveSuffix + "=1"},
			[]string{"sess_1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			k, ends, _ := newSignOutKit(t)
			k.auth.SignOut(signOutRequest(t, test.cookies...))
			if !slices.Equal(ends.ended, test.want) {
				t.Errorf("expected %q to be ended, got %q", test.want, ends.ended)
			}
		})
	}
}

func TestATokenThatWasMadeForAnotherSiteEndsNothing(t *testing.T) {
	k, ends, _ := newSignOutKit(t, func(o *Options) { o.Requirements.AuthorizedParties = []string{appOrigin} })
	k.auth.SignOut(signOutRequest(t, "__session="+k.session(object{"azp": "https://evil.example.com"})))
	k.auth.SignOut(signOutRequest(t, "__session="+k.session(object{"azp": "https://evil.example.com", "exp": k.at(-60)})))
	if len(ends.ended) != 0 {
		t.Errorf("expected nothing to be ended, got %q", ends.ended)
	}
}

// The token of a program is not what its cookies say, and signs nobody out.
func TestATokenInTheHeaderIsNoSessionToSignOutOf(t *testing.T) {
	k, ends, _ := newSignOutKit(t)
	cookies := k.auth.SignOut(read(t, "POST /sign-out", "Authorization: Bearer "+k.session()))
	if len(ends.ended) != 0 || len(cookies) != 0 {
		t.Errorf("expected nothing to happen, got %q and %q", ends.ended, cookies)
	}
}

// What keeps Clerk from being told does not keep the cookies, and is logged once
// a minute, without the token.
func TestSignOutRemovesTheCookiesWhateverClerkSays(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*kit, *ending)
		token  func(*kit) string
		logged string
	}{
		"Clerk is down":  {func(_ *kit, e *ending) { e.err = errOutage }, (*kit).expired, "no route to host"},
		"no keys":        {func(k *kit, _ *ending) { k.keys.outage = errOutage }, (*kit).expired, "verification keys"},
		"a forged token": {func(*kit, *ending) {}, (*kit).foreign, "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			k, ends, log := newSignOutKit(t)
			test.change(k, ends)
			token := test.token(k)
			for range 3 {
				if cookies := k.auth.SignOut(signOutRequest(t, "__session="+token)); len(cookies) != 3 {
					t.Errorf("expected the cookie to be removed, got %q", cookies)
				}
			}
			text := log.String()
			if strings.Count(text, "\n") != 1 || !strings.Contains(text, test.logged) || strings.Contains(text, token) {
				t.Errorf("expected one line that says %q, got %s", test.logged, text)
			}
			k.now = k.now.Add(time.Minute)
			k.auth.SignOut(signOutRequest(t, "__session="+token))
			if strings.Count(log.String(), "\n") != 2 {
				t.Errorf("expected another line a minute later, got %s", log)
			}
		})
	}
}

func TestSignOutWithoutASessionEnderVerifiesNothing(t *testing.T) {
	k := newKit(t, liveKey)
	k.keys.outage = errors.New("asked for")
	if cookies := k.auth.SignOut(signOutRequest(t, "__session="+k.session())); len(cookies) != 3 {
		t.Errorf("expected the cookie to be removed, got %q", cookies)
	}
}

// Whoever closes the page while Clerk is asked has signed out.
func TestSignOutGoesOnWhenTheBrowserDoesNot(t *testing.T) {
	k, _, _ := newSignOutKit(t)
	asked := false
	k.auth.options.SessionEnder = enderFunc(func(ctx context.Context, _ string) error {
		asked = true
		return ctx.Err()
	})
	r := signOutRequest(t, "__session="+k.session())
	ctx, cancel := context.WithCancel(t.Context())
	k.auth.options.Verifier = cancelling{k.auth.options.Verifier, cancel}
	k.auth.SignOut(r.WithContext(ctx))
	if !asked || ctx.Err() == nil {
		t.Error("expected Clerk to be told after the browser was gone")
	}
}

type enderFunc func(ctx context.Context, id string) error

func (f enderFunc) EndSession(ctx context.Context, id string) error { return f(ctx, id) }

// cancelling is a Verifier during whose work the browser goes away.
type cancelling struct {
	Verifier
	gone func()
}

func (c cancelling) VerifyParsed(ctx context.Context, token *verifier.Token, want verifier.Requirements) (*verifier.Claims, error) {
	defer c.gone()
	return c.Verifier.VerifyParsed(ctx, token, want)
}
