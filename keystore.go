// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"sync"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// keyStore keeps an instance's last good key set in Caddy's storage, so that a
// restart while Clerk cannot be reached signs nobody out. Where several Caddys
// share a storage, they share that, too. Like a relay, it belongs to whichever
// configuration is the current one.
type keyStore struct {
	file string

	mu sync.RWMutex // held for reading as long as the storage is in use
	to certmagic.Storage
}

func newKeyStore(key instanceKey) *keyStore {
	return &keyStore{file: path.Join("clerk", "keys", key.String()+".json")}
}

// set says which storage to use from now on; nil for none. It waits until the
// one before is no longer in use, for it belongs to a configuration that may be
// about to end.
func (k *keyStore) set(storage certmagic.Storage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.to = storage
}

// Load implements verifier.KeyStore.
func (k *keyStore) Load(ctx context.Context) ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.to == nil {
		return nil, nil
	}
	data, err := k.to.Load(ctx, k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Save implements verifier.KeyStore.
func (k *keyStore) Save(ctx context.Context, data []byte) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.to == nil {
		return nil
	}
	return k.to.Store(ctx, k.file, data)
}

// Interface guard
var _ verifier.KeyStore = (*keyStore)(nil)
