// SPDX-License-Identifier: Apache-2.0

package authstate

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
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const (
	// liveKey is of clerk.example.com, testKey of foo-bar-13.clerk.accounts.dev.
	liveKey    = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
	testKey    = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk"
	liveSuffix = "_naoXFJnI"
	testSuffix = "_nx2hSE6I"

	appHost   = "app.example.com"
	appOrigin = "https://" + appHost

	keyID           = "ins_1"
	sessionCategory = "cl_B7d4PD111AAA"
	templateClass   = "cl_B7d4PD222AAA"
	machineClass    = "cl_B7d4PD333AAA"
)

// noon is what the clock of every test shows at first.
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

// with gives the object with some members replaced.
func (o object) with(changes ...object) object {
	merged := maps.Clone(o)
	for _, change := range changes {
		maps.Copy(merged, change)
	}
	maps.DeleteFunc(merged, func(_ string, value any) bool { return value == nil })
	return merged
}

// sign makes a token.
func sign(key *rsa.PrivateKey, header, payload object) string {
	signed := encode(header) + "." + encode(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(o object) string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func jwtHeader(changes ...object) object {
	return object{"alg": "RS256", "typ": "JWT", "kid": keyID, "cat": sessionCategory}.with(changes...)
}

// keyRing is a verifier.KeySource with the instance's key, or an outage.
type keyRing struct{ outage error }

var errOutage = errors.New("no route to host")

func (k *keyRing) Key(_ context.Context, id string) (*verifier.Key, error) {
	if k.outage != nil {
		return nil, verifier.KeysUnavailable(verifier.ReasonJWKRemoteFailedToLoad, "wait", k.outage)
	}
	if id != keyID {
		return nil, &verifier.Error{Reason: verifier.ReasonJWKKidMismatch, Message: "no such key"}
	}
	return &verifier.Key{ID: keyID, Algorithm: "RS256", Public: &instanceRSA().PublicKey}, nil
}

// payloadStore is HandshakePayloads with the nonces it was given.
type payloadStore struct {
	directives map[string][]string
	asked      []string
}

func (p *payloadStore) HandshakePayload(_ context.Context, nonce string) ([]string, error) {
	p.asked = append(p.asked, nonce)
	if directives, ok := p.directives[nonce]; ok {
		return directives, nil
	}
	return nil, errors.New("no such nonce")
}

// kit is an Authenticator with everything around it in a test's hands.
type kit struct {
	auth     *Authenticator
	keys     *keyRing
	payloads *payloadStore
	now      time.Time
	issuer   string
}

// newKit makes a kit for a publishable key. The change, if there is one, is
// made to the options before they are used.
func newKit(t testing.TB, key string, change ...func(*Options)) *kit {
	t.Helper()
	k := &kit{keys: new(keyRing), payloads: &payloadStore{directives: map[string][]string{}}, now: noon}
	v, err := verifier.New(verifier.Options{Keys: k.keys, Now: k.clock})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		PublishableKey: key,
		Verifier:       v,
		Requirements:   verifier.Requirements{ClockSkew: verifier.DefaultClockSkew},
		Handshakes:     k.payloads,
		Now:            k.clock,
	}
	for _, c := range change {
		c(&o)
	}
	if k.auth, err = New(o); err != nil {
		t.Fatal(err)
	}
	k.issuer = "https://" + k.auth.key.FrontendAPI
	return k
}

func (k *kit) clock() time.Time { return k.now }

// at gives a moment as a time claim, so many seconds from now.
func (k *kit) at(seconds int64) int64 { return k.now.Unix() + seconds }

// claims are those of a good session token, ten seconds old.
func (k *kit) claims(changes ...object) object {
	return object{
		"iss": k.issuer, "sub": "user_1", "sid": "sess_1", "azp": appOrigin,
		"iat": k.at(-10), "nbf": k.at(-20), "exp": k.at(50),
	}.with(changes...)
}

// session signs a session token.
func (k *kit) session(changes ...object) string {
	return sign(instanceRSA(), jwtHeader(), k.claims(changes...))
}

// expired signs a session token of two minutes ago.
func (k *kit) expired() string {
	return k.session(object{"iat": k.at(-120), "nbf": k.at(-130), "exp": k.at(-60)})
}

// foreign signs a session token with a key that is not the instance's.
func (k *kit) foreign() string { return sign(foreignRSA(), jwtHeader(), k.claims()) }

// handshake signs a handshake token.
func (k *kit) handshake(directives ...string) string {
	return sign(instanceRSA(), jwtHeader(), object{"handshake": directives})
}

// read makes a request as a server does, from what a client wrote.
func read(t testing.TB, line string, headers ...string) *http.Request {
	t.Helper()
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Host:") }) {
		headers = append([]string{"Host: " + appHost}, headers...)
	}
	text := line + " HTTP/1.1\r\n" + strings.Join(headers, "\r\n") + "\r\n"
	r, err := http.ReadRequest(bufio.NewReaderSize(strings.NewReader(text+"\r\n"), 1<<16))
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	r.TLS = new(tls.ConnectionState)
	return r
}

// document makes the request of a person's navigation, with cookies.
func document(t testing.TB, target string, cookies ...string) *http.Request {
	t.Helper()
	return read(t, "GET "+target, "Sec-Fetch-Dest: document", "Cookie: "+strings.Join(cookies, "; "))
}

// script makes a request that cannot be redirected, with cookies.
func script(t testing.TB, target string, cookies ...string) *http.Request {
	t.Helper()
	return read(t, "GET "+target, "Sec-Fetch-Dest: empty", "Cookie: "+strings.Join(cookies, "; "))
}

// expect fails unless a State is as it should be.
func expect(t testing.TB, s *State, status Status, reason string) {
	t.Helper()
	if s.Status != status || s.Reason != reason {
		t.Errorf("%s %q, want %s %q (%s)", s.Status, s.Reason, status, reason, s.Message)
	}
	if (s.Claims != nil) != (s.Status == SignedIn) || (s.Token != "") != (s.Status == SignedIn) {
		t.Errorf("%s with token %q and claims %v", s.Status, s.Token, s.Claims)
	}
	if s.Status == Handshake && s.Location == "" {
		t.Error("a handshake without a location")
	}
}

// query gives a parameter of an address.
func query(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// bothInstances runs a test with a production and a development instance. The
// cookie is what a browser of a development instance always has.
func bothInstances(t *testing.T, test func(t *testing.T, k *kit, devBrowser string)) {
	t.Helper()
	t.Run("production", func(t *testing.T) { test(t, newKit(t, liveKey), "other=1") })
	t.Run("development", func(t *testing.T) { test(t, newKit(t, testKey), "__clerk_db_jwt=dvb_1") })
}
