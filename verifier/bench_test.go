// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// usual is a token as Clerk makes them today, for a member of an organization.
func usual() string {
	return sign(header(members{"kid": kid}), session(members{
		"v": 2, "jti": "c3b1f0a2d4e5968778", "sts": "active", "fva": []int{10, -1},
		"sid": "sess_2xHZ8qkzYlW9nGvT3bQpRsUvWxY", "sub": "user_2xHZ8oJm4nP7rKcD1eFgHiJkLmN",
		"fea": "o:dashboard,o:teams,u:export", "pla": "o:pro",
		"o": members{"id": "org_2xHZ8sRtUvWxYzAbCdEfGhIjKlM", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2"},
	}))
}

// bench runs an operation one after another, and again on all processors.
func bench(b *testing.B, name string, operation func() error) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := operation(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := operation(); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkFirstSeen verifies a token that is not remembered. Its floor is the
// signature alone; beside it stands what a JWT library takes.
func BenchmarkFirstSeen(b *testing.B) {
	token := usual()
	v := atNoon(keys())
	bench(b, "verify", func() error {
		_, err := v.Verify(context.Background(), token, demands)
		return err
	})
	signed, encoded := token[:strings.LastIndexByte(token, '.')], token[strings.LastIndexByte(token, '.')+1:]
	signature := must(base64.RawURLEncoding.DecodeString(encoded))
	bench(b, "floor-crypto-rsa", func() error {
		digest := sha256.Sum256([]byte(signed))
		return rsa.VerifyPKCS1v15(&instanceKey.PublicKey, crypto.SHA256, digest[:], signature)
	})
	clock := jwt.WithClock(jwt.ClockFunc(func() time.Time { return noon }))
	bench(b, "jwx", func() error {
		_, err := jwt.Parse([]byte(token), jwt.WithKey(jwa.RS256, &instanceKey.PublicKey), clock)
		return err
	})
}

// BenchmarkKnown verifies a token that is remembered. Its floor is a look-up in
// a map.
func BenchmarkKnown(b *testing.B) {
	token := usual()
	v := must(verifier.New(verifier.Options{
		Keys: keys(), CacheBytes: verifier.DefaultCacheBytes, Now: func() time.Time { return noon },
	}))
	defer v.Close()
	bench(b, "verify", func() error {
		_, err := v.Verify(context.Background(), token, demands)
		return err
	})
	known := map[string]error{token: nil}
	bench(b, "floor-look-up", func() error { return known[token] })
}

// BenchmarkHostile refuses what anybody can send. What has the form of a token
// and names a key costs a signature; all else must cost far less.
func BenchmarkHostile(b *testing.B) {
	token := usual()
	v := must(verifier.New(verifier.Options{
		Keys: keys(), CacheBytes: verifier.DefaultCacheBytes, Now: func() time.Time { return noon },
	}))
	defer v.Close()
	for _, hostile := range []struct{ name, token string }{
		{"bad-signature", token[:len(token)-8] + "AAAAAAAA"},
		{"no-algorithm", sign(header(members{"alg": "none"}), session(nil))},
		{"unknown-key", sign(header(members{"kid": "ins_2"}), session(nil))},
		{"many-members", sign(header(members{"kid": "ins_2"}), manyMembers())},
		{"no-json", strings.Repeat("QUFB", 100) + "." + strings.Repeat("QUFB", 100) + "." + strings.Repeat("QUFB", 80)},
		{"no-base64", strings.Repeat("!", 400) + "." + strings.Repeat("!", 400) + "." + strings.Repeat("!", 300)},
		{"too-long", strings.Repeat("a", verifier.MaxTokenSize+1)},
		{"text", "garbage"},
	} {
		bench(b, hostile.name, func() error {
			if _, err := v.Verify(context.Background(), hostile.token, demands); err == nil {
				b.Fatal("accepted")
			}
			return nil
		})
	}
}

// manyMembers is a payload near the largest size that is read.
func manyMembers() members {
	payload := session(nil)
	for i := range 450 {
		payload["claim_"+toJSON(i)] = i
	}
	return payload
}
