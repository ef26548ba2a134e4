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

// BenchmarkVerify verifies one session token: as one never seen before, and as
// one that is remembered. Beside them stand their floors, the signature alone
// and a look-up in a map, and what a JWT library takes for the first.
func BenchmarkVerify(b *testing.B) {
	token := good()
	b.Run("first-seen", func(b *testing.B) {
		v := atNoon(keys())
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(context.Background(), token, demands); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("known", func(b *testing.B) {
		v := must(verifier.New(verifier.Options{
			Keys: keys(), CacheBytes: verifier.DefaultCacheBytes, Now: func() time.Time { return noon },
		}))
		defer v.Close()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := v.Verify(context.Background(), token, demands); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("look-up", func(b *testing.B) {
		known := map[string]bool{token: true}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if !known[token] {
					b.Error("not known")
				}
			}
		})
	})
	b.Run("hostile", func(b *testing.B) {
		v := atNoon(keys())
		forged := token[:len(token)-8] + "AAAAAAAA"
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(context.Background(), forged, demands); err == nil {
				b.Fatal("accepted")
			}
		}
	})
	b.Run("crypto-rsa", func(b *testing.B) {
		signed, encoded := token[:strings.LastIndexByte(token, '.')], token[strings.LastIndexByte(token, '.')+1:]
		signature, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			digest := sha256.Sum256([]byte(signed))
			if err := rsa.VerifyPKCS1v15(&instanceKey.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jwx", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := jwt.Parse([]byte(token), jwt.WithKey(jwa.RS256, &instanceKey.PublicKey), jwt.WithClock(jwt.ClockFunc(func() time.Time { return noon }))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
