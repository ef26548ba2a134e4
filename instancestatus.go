// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"crypto/sha256"
	"time"
)

// instanceStatus is how a Clerk instance is doing, as the admin API tells it.
type instanceStatus struct {
	// ID and FrontendAPI are the labels of the metrics, too.
	ID          string       `json:"id"`
	FrontendAPI string       `json:"frontend_api"`
	Keys        keysStatus   `json:"keys"`
	Cache       cacheStatus  `json:"cache"`
	Calls       *callsStatus `json:"backend_api,omitempty"` // absent without any secret key
	Revoked     int          `json:"revoked"`
}

type keysStatus struct {
	// Source is fetched, jwt_key or none.
	Source string   `json:"source"`
	IDs    []string `json:"ids,omitempty"`
	// AgeSeconds is absent while there are no keys.
	AgeSeconds *float64 `json:"age_seconds,omitempty"`
	Stale      bool     `json:"stale"`
	LastError  string   `json:"last_error,omitempty"`
}

type cacheStatus struct {
	Tokens  int    `json:"tokens"`
	Bytes   int    `json:"bytes"`
	Evicted uint64 `json:"evicted"`
}

type callsStatus struct {
	Breaker        string       `json:"breaker"`
	OpenForSeconds float64      `json:"open_for_seconds"`
	InFlight       int          `json:"in_flight"`
	Waiting        int          `json:"waiting"`
	Refused        refusedCalls `json:"refused"`
}

// refusedCalls counts the calls that were not made.
type refusedCalls struct {
	Busy   uint64 `json:"busy"`
	Open   uint64 `json:"open"`
	Budget uint64 `json:"budget"`
}

func (l livingInstance) status(now time.Time) instanceStatus {
	cache := l.verifier.CacheStatus()
	return instanceStatus{
		ID:          l.id(),
		FrontendAPI: l.key.frontendAPI,
		Keys:        l.keysStatus(now),
		Cache:       cacheStatus{cache.Tokens, cache.Bytes, cache.Evicted},
		Calls:       l.callsStatus(),
		Revoked:     l.revoked.count(now),
	}
}

func (l livingInstance) keysStatus(now time.Time) keysStatus {
	if l.remote == nil {
		if l.key.pem == sha256.Sum256(nil) {
			return keysStatus{Source: "none"}
		}
		return keysStatus{Source: "jwt_key"}
	}
	status := l.remote.Status()
	keys := keysStatus{Source: "fetched", IDs: l.remote.KeyIDs(), Stale: status.Stale}
	if !status.FetchedAt.IsZero() {
		age := now.Sub(status.FetchedAt).Seconds()
		keys.AgeSeconds = &age
	}
	if err := l.remote.Failure(); err != nil {
		keys.LastError = err.Error()
	}
	return keys
}

func (l livingInstance) callsStatus() *callsStatus {
	if l.calls == nil {
		return nil
	}
	status := l.calls.guard.Status()
	return &callsStatus{
		Breaker:        string(status.Breaker),
		OpenForSeconds: status.OpenFor.Seconds(),
		InFlight:       status.InFlight,
		Waiting:        status.Waiting,
		Refused:        refusedCalls{status.Refused.Busy, status.Refused.Open, status.Refused.Budget},
	}
}
