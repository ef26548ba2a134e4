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
)

// BenchmarkVerify verifies one session token again each time. Beside it stand
// its floor, the signature alone, and what a JWT library takes for the same.
func BenchmarkVerify(b *testing.B) {
	token := good()
	b.Run("token", func(b *testing.B) {
		v := atNoon(keys())
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(context.Background(), token, demands); err != nil {
				b.Fatal(err)
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
