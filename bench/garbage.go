// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"math/rand/v2"
	"time"
)

// numGarbage is how many lines of garbage there are; wrk begins anew after
// them.
const numGarbage = 20_000

// noise makes text that is the same in every run.
type noise struct{ *rand.Rand }

func newNoise() noise {
	return noise{rand.New(rand.NewChaCha8([32]byte{}))} //nolint:gosec // It guards nothing.
}

// bytes gives n bytes from an alphabet.
func (r noise) bytes(n int, alphabet string) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[r.IntN(len(alphabet))]
	}
	return text
}

func (r noise) text(n int, alphabet string) string { return string(r.bytes(n, alphabet)) }

const (
	lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	// signs can stand in a header, though in no part of a token. A space
	// would end the token, and dots are where the parts are counted.
	signs = "!#$%&'()*+,/:;<=>?@[]^{|}~"
)

// garbage mixes what scanners and broken programs send, in turn.
func (m *material) garbage() (string, error) {
	algNone, err := encodeUnsigned(sessionHeader("none", m.key.id), sessionClaims(time.Now()))
	if err != nil {
		return "", err
	}
	r := newNoise()
	kinds := []func() string{
		func() string { return r.text(40, lettersAndDigits) },
		func() string { return r.text(120, signs) + "." + r.text(400, signs) + "." + r.text(342, signs) },
		func() string { return r.notJSON(90) + "." + r.notJSON(300) + "." + r.notJSON(256) },
		func() string { return algNone + "." },
		func() string { return r.text(4<<10, lettersAndDigits+signs) },
	}
	return m.write("garbage", func(yield func(string, error) bool) {
		for i := range numGarbage {
			if !yield(bearer(kinds[i%len(kinds)]()), nil) {
				return
			}
		}
	})
}

// notJSON gives base64url of text that begins as JSON does and goes wrong
// after.
func (r noise) notJSON(n int) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte(`{"`), r.bytes(n, lettersAndDigits)...))
}
