// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const (
	appHost   = "app.example.com"
	appOrigin = "https://" + appHost
	issuer    = "https://clerk.example.com"
	keyID     = "ins_1"
	browser   = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)"
)

// noon is what the clock of every test shows.
var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

var (
	instanceRSA = sync.OnceValue(newRSA)
	foreignRSA  = sync.OnceValue(newRSA)
)

func newRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// object is a header or a payload of a token. A member that is nil is left out.
type object map[string]any

func (o object) with(changes ...object) object {
	merged := maps.Clone(o)
	for _, change := range changes {
		maps.Copy(merged, change)
	}
	maps.DeleteFunc(merged, func(_ string, value any) bool { return value == nil })
	return merged
}

func encode(o object) string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func signText(key *rsa.PrivateKey, signed string) string {
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func sign(key *rsa.PrivateKey, header, payload object) string {
	return signText(key, encode(header)+"."+encode(payload))
}

func jwtHeader(changes ...object) object {
	return object{"alg": "RS256", "typ": "JWT", "kid": keyID}.with(changes...)
}

// at gives a moment as a time claim, so many seconds from noon.
func at(seconds int64) int64 { return noon.Unix() + seconds }

// uat is the cookie __client_uat for a moment, so many seconds from noon.
func uat(seconds int64) string { return "__client_uat=" + strconv.FormatInt(at(seconds), 10) }

// claims are those of a good session token, ten seconds old.
func claims(changes ...object) object {
	return object{
		"iss": issuer, "sub": "user_1", "sid": "sess_1", "azp": appOrigin,
		"iat": at(-10), "nbf": at(-20), "exp": at(50),
	}.with(changes...)
}

// session signs a session token.
func session(changes ...object) string {
	return sign(instanceRSA(), jwtHeader(), claims(changes...))
}

// keyRing is a verifier.KeySource with the instance's key, or a failure.
type keyRing struct{ failure error }

func (k *keyRing) Key(_ context.Context, id string) (*verifier.Key, error) {
	if k.failure != nil {
		return nil, k.failure
	}
	if id != keyID {
		return nil, &verifier.Error{Reason: verifier.ReasonJWKKidMismatch, Message: "no such key"}
	}
	return &verifier.Key{ID: keyID, Algorithm: "RS256", Public: &instanceRSA().PublicKey}, nil
}

func outage(reason verifier.Reason) error {
	return verifier.KeysUnavailable(reason, "wait", errors.New("no route to host"))
}

// newAuth makes an Authenticator of a kind of instance.
func newAuth(t testing.TB, development bool, keys verifier.KeySource, parties ...string) *Authenticator {
	t.Helper()
	v, err := verifier.New(verifier.Options{Keys: keys, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(Options{
		Development:  development,
		Verifier:     v,
		Requirements: verifier.Requirements{Issuers: []string{issuer}, AuthorizedParties: parties},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// read makes a request as a server does, from the header lines that a client
// wrote.
func read(lines ...string) (*http.Request, error) {
	text := "GET / HTTP/1.1\r\nHost: " + appHost + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReaderSize(strings.NewReader(text), 1<<16))
	if err != nil {
		return nil, err
	}
	r.TLS = new(tls.ConnectionState)
	return r, nil
}

// decide is Authenticate of a request with these header lines.
func decide(t testing.TB, a *Authenticator, lines ...string) *State {
	t.Helper()
	r, err := read(lines...)
	if err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	return a.Authenticate(r)
}

// expect fails unless a State is as it should be.
func expect(t testing.TB, s *State, status Status, reason string) {
	t.Helper()
	if s.Status != status || s.Reason != reason {
		t.Errorf("%s %q, want %s %q (%s)", s.Status, s.Reason, status, reason, s.Message)
	}
	if problem := incoherence(s); problem != "" {
		t.Error(problem)
	}
}

// incoherence says in what a State contradicts itself; empty for in nothing.
func incoherence(s *State) string {
	in := s.Status == SignedIn
	switch {
	case in != (s.Claims != nil) || in != (s.Token != ""):
		return "an identity without being signed in, or the reverse"
	case in != (s.Reason == ""):
		return "a reason when signed in, or none when not"
	case s.Unavailable && (s.Status != SignedOut || s.Reason != ReasonPublicKeyFetchError):
		return "unavailable, but " + string(s.Status) + " " + s.Reason
	case s.IsSignedIn() && s.IsPending() || (s.IsSignedIn() || s.IsPending()) != in:
		return "signed in and pending at once, or neither"
	}
	return ""
}
