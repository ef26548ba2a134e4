// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// KeyStore keeps the last good key set where it outlives the process. Load
// gives what Save was last given, nil without an error when there is nothing.
// Neither is ever called while a request waits.
type KeyStore interface {
	Load(ctx context.Context) ([]byte, error)
	Save(ctx context.Context, data []byte) error
}

// saveAgainAfter is how old the saved copy may become before one that says the
// same is saved anew, so that its age stays below what is accepted.
const saveAgainAfter = time.Hour

// savedKeys is what a KeyStore is given.
type savedKeys struct {
	FetchedAt time.Time       `json:"fetched_at"`
	KeySet    json.RawMessage `json:"key_set"`
}

// restore takes over saved keys, if there are none yet and they are not too
// old. They serve until the key server can be reached.
func (r *RemoteKeys) restore(ctx context.Context) {
	if r.store == nil || r.known.Load() != nil {
		return
	}
	keys, err := r.loadSaved(ctx)
	switch {
	case err != nil:
		r.warn(&r.readWarning, "reading the saved verification keys failed", err)
	case keys != nil && r.known.CompareAndSwap(nil, keys):
		r.log.Info("saved verification keys serve until new ones are fetched", "age", r.now().Sub(keys.at).Round(time.Second))
	}
}

func (r *RemoteKeys) loadSaved(ctx context.Context) (*fetchedKeys, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	data, err := r.store.Load(ctx)
	if err != nil || data == nil {
		return nil, err
	}
	var saved savedKeys
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, fmt.Errorf("expected what was saved: %w", err)
	}
	if age := r.now().Sub(saved.FetchedAt); age < 0 || age > r.maxStale {
		return nil, nil
	}
	keys, err := ParseJWKS(saved.KeySet)
	if err != nil {
		return nil, err
	}
	return &fetchedKeys{keys: keys, at: saved.FetchedAt, saved: true}, nil
}

// save keeps a key set that was just fetched, best effort. A slow store may be
// at it still when the next set is there; never does an older one come last.
func (r *RemoteKeys) save(body []byte, at time.Time) {
	r.saving.Lock()
	defer r.saving.Unlock()
	if r.store == nil || at.Before(r.savedAt) || bytes.Equal(body, r.savedBody) && at.Sub(r.savedAt) < saveAgainAfter {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	data, err := json.Marshal(savedKeys{FetchedAt: at, KeySet: body})
	if err == nil {
		err = r.store.Save(ctx, data)
	}
	if err != nil {
		r.warn(&r.saveWarning, "saving the verification keys failed", err)
		return
	}
	r.savedBody, r.savedAt = body, at
}
