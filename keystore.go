// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"sync/atomic"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// keyStore keeps an instance's last good key set in Caddy's storage, so that a
// restart while Clerk cannot be reached signs nobody out. Where several Caddys
// share a storage, they share that, too. Like a relay, it belongs to whichever
// configuration is the current one.
type keyStore struct {
	to   atomic.Pointer[certmagic.Storage]
	file string
}

func newKeyStore(key instanceKey) *keyStore {
	return &keyStore{file: path.Join("clerk", "keys", key.String()+".json")}
}

// set says which storage to use from now on; nil for none.
func (k *keyStore) set(storage certmagic.Storage) {
	if storage == nil {
		k.to.Store(nil)
		return
	}
	k.to.Store(&storage)
}

// Load implements verifier.KeyStore.
func (k *keyStore) Load(ctx context.Context) ([]byte, error) {
	storage := k.to.Load()
	if storage == nil {
		return nil, nil
	}
	data, err := (*storage).Load(ctx, k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Save implements verifier.KeyStore.
func (k *keyStore) Save(ctx context.Context, data []byte) error {
	storage := k.to.Load()
	if storage == nil {
		return nil
	}
	return (*storage).Store(ctx, k.file, data)
}

// Interface guard
var _ verifier.KeyStore = (*keyStore)(nil)
