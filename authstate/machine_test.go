// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// machineStore is Machines with an answer, that keeps what it was asked.
type machineStore struct {
	machine *Machine
	err     error
	asked   []string
}

func (m *machineStore) VerifyMachineToken(_ context.Context, tokenType, token string) (*Machine, error) {
	m.asked = append(m.asked, tokenType+" "+token)
	return m.machine, m.err
}

// newMachines makes a kit that accepts some types of tokens.
func newMachines(t testing.TB, types []string, change ...func(*Options)) (*kit, *machineStore) {
	t.Helper()
	store := &machineStore{machine: &Machine{ID: "id_1", Subject: "user_1"}}
	k := newKit(t, liveKey, append([]func(*Options){func(o *Options) { o.AcceptsToken, o.Machines = types, store }}, change...)...)
	return k, store
}

// m2m signs a machine-to-machine token, oauth an OAuth access token.
func (k *kit) m2m(changes ...object) string {
	payload := object{"sub": "mch_1", "jti": "mt_1", "scopes": "mch_2", "iat": k.at(-10), "exp": k.at(50)}
	return sign(instanceRSA(), jwtHeader(object{"cat": machineClass}), payload.with(changes...))
}

func (k *kit) oauth(changes ...object) string {
	payload := object{"sub": "user_1", "jti": "oat_1", "client_id": "client_1", "scope": "read", "iat": k.at(-10), "exp": k.at(50)}
	return sign(instanceRSA(), jwtHeader(object{"cat": nil, "typ": "at+jwt"}), payload.with(changes...))
}

// expectMachine fails unless a State is as it should be.
func expectMachine(t testing.TB, s *State, tokenType, reason string) {
	t.Helper()
	status := SignedOut
	if reason == "" {
		status = SignedIn
	}
	if s.Status != status || s.Reason != reason || s.TokenType != tokenType {
		t.Errorf("%s %q %q, want %s %q %q (%s)", s.Status, s.TokenType, s.Reason, status, tokenType, reason, s.Message)
	}
	if (s.Machine != nil) != (status == SignedIn) || (s.Token != "") != (status == SignedIn) || s.Claims != nil {
		t.Errorf("%s with token %q, claims %v and machine %v", s.Status, s.Token, s.Claims, s.Machine)
	}
	if s.Location != "" || len(s.Cookies) > 0 || s.Loop || s.Returned {
		t.Errorf("a machine was sent somewhere: %+v", s)
	}
}

func TestTheTypesThatAreAcceptedAreChecked(t *testing.T) {
	for _, test := range []struct {
		types []string
		key   string
		ok    bool
	}{
		{nil, liveKey, true},
		{nil, "", false},
		{[]string{AnyToken}, liveKey, true},
		{[]string{AnyToken}, "", false},
		{[]string{AnyToken, APIKey}, liveKey, false},
		{[]string{APIKey, M2MToken}, "", true},
		{[]string{APIKey, OAuthToken}, "", false},
		{[]string{APIKey, SessionToken}, "", false},
		{[]string{APIKey}, "pk_live_garbage", false},
		{[]string{"apikey"}, liveKey, false},
		{[]string{""}, liveKey, false},
	} {
		_, err := New(Options{PublishableKey: test.key, AcceptsToken: test.types, Verifier: newKit(t, liveKey).auth.options.Verifier})
		if (err == nil) != test.ok {
			t.Errorf("%q with key %q: %v", test.types, test.key, err)
		}
	}
}

func TestTheTypeOfATokenDecides(t *testing.T) {
	const mismatch = string(verifier.ReasonTokenTypeMismatch)
	tokens := func(k *kit) map[string]string {
		return map[string]string{
			"none": "", SessionToken: k.session(), APIKey: "ak_1", M2MToken: "mt_1", OAuthToken: "oat_1",
			"M2M JWT": k.m2m(), "OAuth JWT": k.oauth(), "template": sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), k.claims()),
		}
	}
	types := map[string]string{"M2M JWT": M2MToken, "OAuth JWT": OAuthToken, "template": SessionToken, "none": SessionToken}
	for _, accepts := range [][]string{
		{APIKey}, {M2MToken}, {OAuthToken}, {APIKey, M2MToken}, {SessionToken, OAuthToken}, {AnyToken}, {SessionToken, APIKey, M2MToken, OAuthToken},
	} {
		k, store := newMachines(t, accepts)
		for name, token := range tokens(k) {
			t.Run(strings.Join(accepts, " ")+", "+name, func(t *testing.T) {
				store.asked = nil
				r := read(t, "GET /", "Sec-Fetch-Dest: document", "Cookie: __client_uat=1; __session="+k.session(object{"sub": "user_cookie"}))
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				s := k.auth.Authenticate(r)
				tokenType := types[name]
				if tokenType == "" {
					tokenType = name
				}
				switch accepted := k.auth.accepts; {
				case !accepted.has(tokenType) && accepted.several:
					expectMachine(t, s, "", mismatch)
				case !accepted.several && name == "none":
					expectMachine(t, s, accepts[0], ReasonNoTokenInHeader)
				case !accepted.has(tokenType):
					expectMachine(t, s, accepts[0], mismatch)
				case name == "template":
					expectMachine(t, s, SessionToken, mismatch)
				case tokenType == SessionToken:
					expect(t, s, SignedIn, "")
					if (s.Claims.UserID == "user_cookie") != (name == "none") {
						t.Errorf("signed in as %s", s.Claims.UserID)
					}
				default:
					expectMachine(t, s, tokenType, "")
				}
				asks := name == APIKey || name == M2MToken || name == OAuthToken
				if want := asks && s.Status == SignedIn; want != (len(store.asked) == 1) || want && store.asked[0] != tokenType+" "+token {
					t.Errorf("asked %q", store.asked)
				}
			})
		}
	}
}

func TestMachineTokensAreNeverTakenFromCookies(t *testing.T) {
	k, store := newMachines(t, []string{AnyToken})
	for _, token := range []string{"ak_1", "mt_1", "oat_1", k.m2m(), k.oauth()} {
		s := k.auth.Authenticate(script(t, "/?__session="+token, "__session="+token, "__client_uat=1"))
		if s.Status == SignedIn || s.TokenType != SessionToken || len(store.asked) > 0 {
			t.Errorf("%.10s: %+v, asked %q", token, s, store.asked)
		}
	}
}

// Asking costs a call to Clerk, and what is asked goes into it.
func TestOnlyTokensThatClerkCouldHaveMadeAreAskedAbout(t *testing.T) {
	for _, prefix := range []string{"ak_", "mt_", "oat_"} {
		k, store := newMachines(t, []string{AnyToken})
		for _, rest := range []string{
			strings.Repeat("a", 2<<10), strings.Repeat("a", 1<<20), "\x00", "a\tb", "a\nb", "a\r\nX-Evil: 1", "a\x7fb", "é", "\xff", "a\u202eb", "\u00a0",
		} {
			r := script(t, "/")
			r.Header["Authorization"] = []string{"Bearer " + prefix + rest}
			s := k.auth.Authenticate(r)
			if s.Status != SignedOut || s.Reason != string(verifier.ReasonTokenInvalid) || len(store.asked) > 0 {
				t.Errorf("%.20q: %s %s, asked about %d", rest, s.Status, s.Reason, len(store.asked))
			}
		}
		for _, rest := range []string{"a.b.c", "eyJ9.e30.AA", "_._._"} {
			s := k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer "+prefix+rest))
			expectMachine(t, s, M2MToken, string(verifier.ReasonTokenInvalid))
			if len(store.asked) > 0 {
				t.Errorf("%q was asked about", prefix+rest)
			}
		}
		for _, rest := range []string{"", "a.b", "a..b", "a.b.c.d", `"'<&>`, strings.Repeat("a", 2<<10-len(prefix))} {
			store.asked = nil
			if s := k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer "+prefix+rest)); s.Status != SignedIn || len(store.asked) != 1 {
				t.Errorf("%.20q: %s %s", rest, s.Status, s.Reason)
			}
		}
	}
}

func TestWhatClerkSaysOfAMachineToken(t *testing.T) {
	const invalid = string(verifier.ReasonTokenInvalid)
	for _, test := range []struct {
		name    string
		machine *Machine
		err     error
		reason  string
		away    bool
	}{
		{"it is good", &Machine{Subject: "user_1"}, nil, "", false},
		{"it is good for long", &Machine{Subject: "user_1", ExpiresAt: noon.Add(time.Second)}, nil, "", false},
		{"it has just expired", &Machine{Subject: "user_1", ExpiresAt: noon.Add(-time.Second)}, nil, "", false},
		{"it has expired", &Machine{Subject: "user_1", ExpiresAt: noon.Add(-time.Minute)}, nil, invalid, false},
		{"it expired at the epoch", &Machine{Subject: "user_1", ExpiresAt: time.Unix(0, 0)}, nil, invalid, false},
		{"it was revoked", &Machine{Subject: "user_1", Revoked: true}, nil, invalid, false},
		{"nobody's", &Machine{ID: "id_1"}, nil, invalid, false},
		{"nothing", nil, nil, invalid, false},
		{"it is not known", nil, &MachineError{Reason: invalid, Message: "not found"}, invalid, false},
		{"it is not known, wrapped", nil, fmt.Errorf("asking: %w", &MachineError{Reason: invalid}), invalid, false},
		{"the secret key is not known", nil, &MachineError{Reason: "secret-key-invalid"}, "secret-key-invalid", false},
		{"a refusal beside a machine", &Machine{Subject: "user_1"}, &MachineError{Reason: invalid}, invalid, false},
		{"an error beside a machine", &Machine{Subject: "user_1"}, errors.New("no"), ReasonUnexpectedError, false},
		{"Clerk is away", nil, fmt.Errorf("asking: %w", ErrUnavailable), ReasonUnexpectedError, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			for prefix, tokenType := range map[string]string{"ak_": APIKey, "mt_": M2MToken, "oat_": OAuthToken} {
				k, store := newMachines(t, []string{AnyToken})
				store.machine, store.err = test.machine, test.err
				s := k.auth.Authenticate(read(t, "GET /", "Sec-Fetch-Dest: document", "Authorization: Bearer "+prefix+"secret"))
				expectMachine(t, s, tokenType, test.reason)
				if s.Unavailable != test.away || strings.Contains(s.Message, "secret") && test.reason != "secret-key-invalid" {
					t.Errorf("unavailable %t, message %q", s.Unavailable, s.Message)
				}
			}
		})
	}
}

func TestWithoutASecretKeyOpaqueTokensAreRefused(t *testing.T) {
	k, _ := newMachines(t, []string{APIKey}, func(o *Options) { o.Machines, o.PublishableKey = nil, "" })
	expectMachine(t, k.auth.Authenticate(read(t, "GET /", "Authorization: ak_1")), APIKey, "secret-key-invalid")
}

func TestTheAudienceOfAnOAuthToken(t *testing.T) {
	const failed = string(verifier.ReasonTokenVerificationFailed)
	k, store := newMachines(t, []string{AnyToken}, func(o *Options) { o.Requirements.Audiences = []string{"this", "that"} })
	for _, test := range []struct {
		audiences []string
		reason    string
	}{
		{nil, failed},
		{[]string{}, failed},
		{[]string{""}, failed},
		{[]string{"other"}, failed},
		{[]string{"this", ""}, failed},
		{[]string{"this"}, ""},
		{[]string{"other", "that"}, ""},
	} {
		store.machine = &Machine{Subject: "user_1", Audiences: test.audiences}
		expectMachine(t, k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer oat_1")), OAuthToken, test.reason)
		expectMachine(t, k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer ak_1")), APIKey, "")
		expectMachine(t, k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer "+k.oauth(object{"aud": test.audiences}))), OAuthToken, test.reason)
	}
	expectMachine(t, k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer "+k.m2m())), M2MToken, "")
}

func TestJWTsOfMachinesAreVerifiedHere(t *testing.T) {
	const failed, invalid = string(verifier.ReasonTokenVerificationFailed), string(verifier.ReasonTokenInvalid)
	k, store := newMachines(t, []string{M2MToken, OAuthToken}, func(o *Options) { o.Requirements.AuthorizedParties = []string{appOrigin} })
	forged := sign(foreignRSA(), jwtHeader(object{"cat": machineClass}), object{"sub": "mch_1", "exp": k.at(50)})
	for name, test := range map[string]struct{ token, tokenType, reason string }{
		"good M2M":                   {k.m2m(), M2MToken, ""},
		"good OAuth":                 {k.oauth(), OAuthToken, ""},
		"a stranger's signature":     {forged, M2MToken, failed},
		"expired M2M":                {k.m2m(object{"exp": k.at(-60)}), M2MToken, failed},
		"expired OAuth":              {k.oauth(object{"exp": k.at(-60)}), OAuthToken, failed},
		"of the future":              {k.m2m(object{"nbf": k.at(60)}), M2MToken, failed},
		"a machine's session":        {k.session(object{"sub": "mch_1"}), M2MToken, invalid},
		"a session":                  {k.session(), "", "token-type-mismatch"},
		"a session of another class": {sign(instanceRSA(), jwtHeader(object{"cat": machineClass}), k.claims()), "", "token-type-mismatch"},
		"unsigned":                   {encode(object{"alg": "none"}) + "." + encode(object{"sub": "mch_1", "exp": k.at(50)}) + ".", "", "token-type-mismatch"},
		"of no algorithm":            {encode(object{"alg": "none"}) + "." + encode(object{"sub": "mch_1", "exp": k.at(50)}) + ".AAAA", M2MToken, failed},
	} {
		t.Run(name, func(t *testing.T) {
			s := k.auth.Authenticate(read(t, "GET /", "Sec-Fetch-Dest: document", "Authorization: Bearer "+test.token))
			expectMachine(t, s, test.tokenType, test.reason)
			if len(store.asked) > 0 || s.Unavailable {
				t.Errorf("asked %q, unavailable %t", store.asked, s.Unavailable)
			}
		})
	}
	k.keys.outage = errOutage
	s := k.auth.Authenticate(read(t, "GET /", "Authorization: Bearer "+k.m2m()))
	expectMachine(t, s, M2MToken, failed)
	if !s.Unavailable {
		t.Error("expected an outage to leave it undecided")
	}
}

func TestAMachineIsWhatItsSubjectSays(t *testing.T) {
	for subject, want := range map[string][3]string{
		"user_1": {"user_1", "", ""}, "org_1": {"", "org_1", ""}, "mch_1": {"", "", "mch_1"}, "": {}, "xuser_1": {}, "USER_1": {},
	} {
		m := Machine{Subject: subject}
		if got := [3]string{m.UserID(), m.OrganizationID(), m.MachineID()}; got != want {
			t.Errorf("%q is %q, want %q", subject, got, want)
		}
	}
}

func TestAMachineHasNoPageToSignInOn(t *testing.T) {
	for name, types := range map[string][]string{"machines": {APIKey, M2MToken}, "sessions, too": {APIKey, SessionToken}} {
		k, _ := newMachines(t, types)
		if s := k.auth.Authenticate(script(t, "/")); s.AcceptsSessions() != (name == "sessions, too") {
			t.Errorf("%s: accepts sessions %t", name, s.AcceptsSessions())
		}
	}
}
