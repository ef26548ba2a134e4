// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// counted counts how often a signature is verified.
type counted struct{ times atomic.Int64 }

func (c *counted) VerifySignature(key *verifier.Key, _ string, signed, signature []byte) error {
	c.times.Add(1)
	digest := sha256.Sum256(signed)
	return rsa.VerifyPKCS1v15(key.Public, crypto.SHA256, digest[:], signature)
}

// remembering makes a Verifier with a cache and a clock that can be set.
func remembering(t *testing.T, source verifier.KeySource, bytes uint64) (*verifier.Verifier, *counted, *atomic.Pointer[time.Time]) {
	t.Helper()
	signatures, now := new(counted), new(atomic.Pointer[time.Time])
	now.Store(&noon)
	v := must(verifier.New(verifier.Options{
		Keys: source, Signatures: signatures, CacheBytes: bytes,
		Now: func() time.Time { return *now.Load() },
	}))
	t.Cleanup(v.Close)
	return v, signatures, now
}

func TestATokenSeenBeforeIsNotVerifiedAgain(t *testing.T) {
	v, signatures, _ := remembering(t, keys(), 1<<20)
	token := good()
	first := must(v.Verify(context.Background(), token, demands))
	for range 100 {
		if again := must(v.Verify(context.Background(), strings.Clone(token), demands)); again != first {
			t.Fatal("expected the very same claims")
		}
	}
	if n := signatures.times.Load(); n != 1 {
		t.Errorf("expected one verification, got %d", n)
	}
}

// Two sites may share the work on a token, and never the verdict.
func TestEveryDemandIsCheckedOfATokenSeenBefore(t *testing.T) {
	v, _, now := remembering(t, keys(), 1<<20)
	token := good()
	must(v.Verify(context.Background(), token, demands))
	for name, test := range map[string]struct {
		change func(*verifier.Requirements)
		after  time.Duration
		want   verifier.Reason
	}{
		"another party":  {func(r *verifier.Requirements) { r.AuthorizedParties = []string{"https://evil.example"} }, 0, verifier.ReasonTokenInvalidAuthorizedParties},
		"another issuer": {func(r *verifier.Requirements) { r.Issuers = []string{"https://clerk.evil.example"} }, 0, verifier.ReasonTokenInvalidIssuer},
		"later":          {func(*verifier.Requirements) {}, time.Minute, verifier.ReasonTokenExpired},
		"earlier":        {func(*verifier.Requirements) {}, -time.Hour, verifier.ReasonTokenNotActiveYet},
	} {
		t.Run(name, func(t *testing.T) {
			want, moment := demands, noon.Add(test.after)
			test.change(&want)
			now.Store(&moment)
			defer now.Store(&noon)
			_, err := v.Verify(context.Background(), token, want)
			wantReason(t, err, test.want)
		})
	}
	must(v.Verify(context.Background(), token, demands))
}

// A look-up is by the whole text: a token that differs anywhere is another one.
func TestNoOtherTokenPassesForOneSeenBefore(t *testing.T) {
	v, _, _ := remembering(t, keys(), 1<<20)
	token := good()
	must(v.Verify(context.Background(), token, demands))
	for i := range token {
		for _, c := range []byte("A.") {
			if token[i] == c {
				continue
			}
			forged := token[:i] + string(c) + token[i+1:]
			if _, err := v.Verify(context.Background(), forged, demands); err == nil {
				t.Fatalf("expected the token with another character at %d to be refused", i)
			}
		}
	}
}

// changing is a source whose key can be replaced.
type changing struct {
	atomic.Pointer[verifier.StaticKeys]
}

func (c *changing) Key(ctx context.Context, id string) (*verifier.Key, error) {
	return c.Load().Key(ctx, id)
}

func TestATokenSeenBeforeDiesWithItsKey(t *testing.T) {
	source := new(changing)
	source.Store(keys())
	v, _, _ := remembering(t, source, 1<<20)
	token := good()
	must(v.Verify(context.Background(), token, demands))

	source.Store(must(verifier.ParseJWKS(jwks(jwkOf(attackerKey, nil)))))
	if _, err := must(verifier.New(verifier.Options{Keys: source, Now: func() time.Time { return noon }})).
		Verify(context.Background(), token, demands); err == nil {
		t.Fatal("expected another key not to verify the token")
	}
	remembered := must(verifier.New(verifier.Options{Keys: source, CacheBytes: 1 << 20, Now: func() time.Time { return noon }}))
	t.Cleanup(remembered.Close)
	source.Store(keys())
	must(remembered.Verify(context.Background(), token, demands))
	source.Store(must(verifier.ParseJWKS(jwks(jwkOf(attackerKey, nil)))))
	_, err := remembered.Verify(context.Background(), token, demands)
	wantReason(t, err, verifier.ReasonTokenInvalidSignature)
	source.Store(must(verifier.ParseJWKS(jwks(jwkOf(attackerKey, members{"kid": "ins_other"})))))
	_, err = remembered.Verify(context.Background(), token, demands)
	wantReason(t, err, verifier.ReasonJWKKidMismatch)
}

func TestBadTokensAreNotRemembered(t *testing.T) {
	v, signatures, _ := remembering(t, keys(), 1<<20)
	token := good()
	forged := token[:len(token)-10] + "AAAAAAAAAA"
	expired := sign(header(nil), session(members{"exp": noon.Unix() - 1}))
	for range 10 {
		_, err := v.Verify(context.Background(), forged, demands)
		wantReason(t, err, verifier.ReasonTokenInvalidSignature)
		if _, err := v.Verify(context.Background(), expired, demands); err != nil {
			t.Fatalf("expected the skew to be forgiven, got %v", err)
		}
	}
	if n := signatures.times.Load(); n != 20 {
		t.Errorf("expected each to be verified each time, got %d verifications", n)
	}
}

// A flood of good tokens, which one person can have made one after another,
// must not grow the cache.
func TestManyGoodTokensDoNotGrowTheCache(t *testing.T) {
	const budget = 4 << 20
	v := must(verifier.New(verifier.Options{Keys: keys(), Signatures: anything{}, CacheBytes: budget, Now: func() time.Time { return noon }}))
	t.Cleanup(v.Close)
	before := heap()
	padding := strings.Repeat("x", 2000)
	for i := range 20_000 {
		token := unsigned(header(nil), session(members{"jti": fmt.Sprint(i), "padding": padding})) + ".AAAA"
		must(v.Verify(context.Background(), token, demands))
	}
	if grown := heap() - before; grown > 3*budget {
		t.Errorf("expected about %d bytes to be kept, the heap grew by %d", budget, grown)
	}
	runtime.KeepAlive(v)
}

// anything takes every signature for good; signing thousands would take long.
type anything struct{}

func (anything) VerifySignature(*verifier.Key, string, []byte, []byte) error { return nil }

func heap() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func TestManyCallersShareWhatIsRemembered(t *testing.T) {
	v, _, _ := remembering(t, keys(), 1<<20)
	tokens := make([]string, 8)
	for i := range tokens {
		tokens[i] = sign(header(nil), session(members{"jti": fmt.Sprint(i)}))
	}
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			for i := range 200 {
				if _, err := v.Verify(context.Background(), tokens[(worker+i)%len(tokens)], demands); err != nil {
					t.Errorf("expected the token to be good, got %v", err)
				}
			}
		})
	}
	group.Wait()
}
