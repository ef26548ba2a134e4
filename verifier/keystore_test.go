// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// shelf is a KeyStore in memory.
type shelf struct {
	mu    sync.Mutex
	data  []byte
	err   error
	saves int
}

func (s *shelf) Load(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, s.err
}

func (s *shelf) Save(_ context.Context, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.err == nil {
		s.data = data
	}
	return s.err
}

func (s *shelf) on(server *keyServer) *verifier.RemoteKeys {
	return must(verifier.NewRemoteKeys(verifier.RemoteOptions{Fetch: server.fetch, Store: s}))
}

func TestSavedKeysServeANewProcessDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		server, store := newKeyServer(), new(shelf)
		wantKey(t, store.on(server))
		synctest.Wait()

		server.set(nil, errDown, 0)
		pass(23 * time.Hour)
		restarted := store.on(server)
		go restarted.Run(ctx)
		synctest.Wait()
		wantAtOnce(t, func() { wantKey(t, restarted) })

		pass(2 * time.Hour)
		wantUnavailable(t, restarted, verifier.ReasonJWKRemoteFailedToLoad)
		late := store.on(server)
		go late.Run(ctx)
		synctest.Wait()
		wantUnavailable(t, late, verifier.ReasonJWKRemoteFailedToLoad)
	})
}

func TestFetchedKeysComeBeforeSavedOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		server, store := newKeyServer(), new(shelf)
		wantKey(t, store.on(server))
		synctest.Wait()

		server.set(jwks(jwkOf(attackerKey, members{"kid": "ins_new"})), nil, 0)
		restarted := store.on(server)
		go restarted.Run(ctx)
		pass(time.Second)
		if _, err := restarted.Key(ctx, kid); err == nil {
			t.Error("expected the key that the server no longer has to be gone")
		}
	})
}

func TestTheSameKeysAreSavedOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		server, store := newKeyServer(), new(shelf)
		remote := store.on(server)
		go remote.Run(ctx)
		pass(3*time.Hour + 10*time.Minute)
		if store.saves < 3 || store.saves > 5 {
			t.Errorf("expected about a save an hour, got %d in three", store.saves)
		}
	})
}

// Whatever lies where the keys were saved is not trusted to have a form.
func TestSpoiledSavedKeysAreAsGoodAsNone(t *testing.T) {
	for name, saved := range map[string]string{
		"nothing":      "",
		"no JSON":      "<html>",
		"another form": `[1]`,
		"no keys":      `{"fetched_at":"2026-01-01T00:00:00Z","key_set":{"keys":[]}}`,
		"no date":      `{"key_set":` + string(jwks(jwkOf(instanceKey, nil))) + `}`,
		"the future":   `{"fetched_at":"2999-01-01T00:00:00Z","key_set":` + string(jwks(jwkOf(instanceKey, nil))) + `}`,
		"too much":     `{"fetched_at":"2000-01-01T00:00:00Z","key_set":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				server, store := newKeyServer(), &shelf{data: []byte(saved)}
				server.set(nil, errDown, 0)
				remote := store.on(server)
				go remote.Run(ctx)
				pass(time.Second)
				wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
			})
		})
	}
}

func TestAStoreThatFailsDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		server, store := newKeyServer(), &shelf{err: errors.New("the disk is gone")}
		remote := store.on(server)
		go remote.Run(ctx)
		wantAtOnce(t, func() { wantKey(t, remote) })
	})
}
