// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/authstate/legacy"
	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// instances keeps what belongs to Clerk instances across reloads.
var instances = caddy.NewUsagePool()

// instanceKey tells instances apart. Keys are never shared by their "kid"
// alone: whoever answers for one instance must not vouch for another.
type instanceKey struct {
	frontendAPI string
	apiURL      string
	apiVersion  string
	jwksURL     string
	staleFor    time.Duration

	pem, secret, machineSecret [sha256.Size]byte
}

func (r *resolved) instanceKey() instanceKey {
	return instanceKey{
		frontendAPI:   r.key.FrontendAPI,
		apiURL:        r.APIURL,
		apiVersion:    r.APIVersion,
		jwksURL:       r.keys.url,
		staleFor:      r.staleFor,
		pem:           sha256.Sum256([]byte(r.keys.pem)),
		secret:        sha256.Sum256([]byte(r.SecretKey)),
		machineSecret: sha256.Sum256([]byte(r.MachineSecretKey)),
	}
}

// String identifies the instance without telling its secrets.
func (k instanceKey) String() string {
	text := strings.Join([]string{
		k.frontendAPI, k.apiURL, k.apiVersion, k.jwksURL, k.staleFor.String(),
		string(k.pem[:]), string(k.secret[:]), string(k.machineSecret[:]),
	}, "\n")
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}

// instance is one Clerk instance as this process knows it: its keys, and the
// client that speaks to its Backend API. It outlives configurations, so it
// holds nothing of one. The apps that use it attach themselves, and the one
// that came last is who its log lines and its background work belong to.
type instance struct {
	verifier *verifier.Verifier
	calls    *calls // nil without any secret key
	// pages has the interstitial page; nil without a secret key.
	pages *legacy.PageCache

	// revoked are whose tokens are refused.
	revoked *revocations

	remote *verifier.RemoteKeys // nil when the key is configured
	log    *relay
	store  *keyStore

	mu     sync.Mutex // guards what follows
	owners []owner
	stop   context.CancelFunc // ends the background work; nil while there is none
}

// owner is an app with what of its configuration the instance may use.
type owner struct {
	app     *App
	log     *slog.Logger
	storage certmagic.Storage
	board   *revocationBoard
}

func newInstance(r *resolved) (*instance, error) {
	i := &instance{log: newRelay(), store: newKeyStore(r.instanceKey()), revoked: new(revocations)}
	var api *backendapi.Client
	if r.SecretKey != "" || r.MachineSecretKey != "" {
		var err error
		api, err = backendapi.New(backendapi.Options{
			SecretKey: r.SecretKey, MachineSecretKey: r.MachineSecretKey, APIURL: r.APIURL, APIVersion: r.APIVersion,
			// When to ask again is the guard's and the key source's to say.
			Retry: new(backendapi.RetryPolicy),
		})
		if err != nil {
			return nil, err
		}
		i.calls = newCalls(api)
		i.pages, err = legacy.NewPageCache(legacy.PageCacheOptions{
			Source: interstitialSource{counted(operationInterstitial, api.Interstitial.Get), backendapi.InterstitialParams{PublishableKey: r.PublishableKey}},
			Log:    slog.New(i.log),
		})
		if err != nil {
			return nil, err
		}
	}
	keys, err := i.keySource(r, api)
	if err != nil {
		return nil, err
	}
	i.verifier, err = verifier.New(verifier.Options{Keys: keys, CacheBytes: verifier.DefaultCacheBytes, Observer: newVerifierMetrics()})
	return i, err
}

func (i *instance) keySource(r *resolved, api *backendapi.Client) (verifier.KeySource, error) {
	if r.keys.pem != "" {
		keys, err := verifier.ParsePEM(r.keys.pem)
		if err != nil {
			return nil, fmt.Errorf("jwt_key: %w", err)
		}
		return keys, nil
	}
	var fetch verifier.FetchKeys
	switch {
	case r.keys.backendAPI:
		fetch = fetchFromBackendAPI(api)
	case r.keys.url != "":
		fetch = fetchFrom(r.keys.url)
	default:
		return new(verifier.StaticKeys), nil
	}
	var err error
	i.remote, err = verifier.NewRemoteKeys(verifier.RemoteOptions{
		Fetch:    fetch,
		MaxStale: r.staleFor,
		Store:    i.store,
		Log:      slog.New(i.log),
		Observe:  countRefresh,
	})
	return i.remote, err
}

// attach makes an app the instance's owner, and begins the background work
// with the first.
func (i *instance) attach(o owner) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.owners = append(i.owners, o)
	i.serve(o)
	if i.stop != nil || i.remote == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	i.stop = cancel
	go i.remote.Run(ctx)
}

// detach undoes attach. Whoever owned the instance before owns it again: the
// configuration that was to follow may have failed to start.
func (i *instance) detach(app *App) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.owners = slices.DeleteFunc(i.owners, func(o owner) bool { return o.app == app })
	if len(i.owners) > 0 {
		i.serve(i.owners[len(i.owners)-1])
		return
	}
	i.serve(owner{})
	i.halt()
}

// board gives that of the current owner, nil when there is none.
func (i *instance) board() *revocationBoard {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.owners) == 0 {
		return nil
	}
	return i.owners[len(i.owners)-1].board
}

// serve makes an owner the current one. The caller holds the lock.
func (i *instance) serve(o owner) {
	i.log.set(o.log)
	i.store.set(o.storage)
}

// halt ends the background work. The caller holds the lock.
func (i *instance) halt() {
	if i.stop != nil {
		i.stop()
		i.stop = nil
	}
}

// Destruct implements caddy.Destructor.
func (i *instance) Destruct() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.halt()
	i.verifier.Close()
	return nil
}

// Interface guard
var _ caddy.Destructor = (*instance)(nil)
