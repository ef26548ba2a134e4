// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// numTestKeys is more than one test has emulators that must not know each
// other's tokens.
const numTestKeys = 4

var (
	// testKeys spares each test the making of keys, which took half of the time of
	// all tests.
	testKeys = sync.OnceValues(func() (keys [numTestKeys]*rsa.PrivateKey, err error) {
		for i := range keys {
			if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
				return keys, err
			}
		}
		return keys, nil
	})
	testKeysUsed atomic.Uint64
)

// emulate makes an emulator that signs with another key than the three before.
func emulate(t testing.TB, o emulator.Options) *emulator.Emulator {
	t.Helper()
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	o.SigningKey = keys[testKeysUsed.Add(1)%numTestKeys]
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
