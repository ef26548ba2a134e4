// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/caddyserver/certmagic"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/headerfield"
)

func init() {
	caddy.RegisterModule(App{})
}

// appID is the name under which handlers find the app.
const appID = "clerk"

// App is the `clerk` app. It holds defaults for every handler, and is who
// starts and stops what the Clerk instances do in the background. It is
// always there, configured or not.
//
// A setting is taken from the first of these that has it: the handler, the
// instance that it names, this app, the environment variables that Clerk's
// SDKs read. Keys are the exception: `publishable_key`, `secret_key`,
// `machine_secret_key`, `jwt_key` and `jwks_url` belong together, so where one
// of these names another Clerk instance than those behind it do, by its
// publishable key or else by its secret key, it takes none of their keys.
//
//	{
//		"publishable_key": "{env.CLERK_PUBLISHABLE_KEY}",
//		"secret_key": "{env.CLERK_SECRET_KEY}",
//		"instances": {
//			"shop": {"publishable_key": "{env.SHOP_PUBLISHABLE_KEY}", "secret_key": "{file./run/secrets/shop}"}
//		}
//	}
//
// In a Caddyfile, it is the global option `clerk`:
//
//	{
//		clerk {
//			publishable_key {env.CLERK_PUBLISHABLE_KEY}
//			secret_key {env.CLERK_SECRET_KEY}
//			instance shop {
//				publishable_key {env.SHOP_PUBLISHABLE_KEY}
//				secret_key {file./run/secrets/shop}
//			}
//		}
//	}
type App struct {
	Settings

	// More Clerk instances, by names of letters, digits, dashes and underscores,
	// which handlers choose with `instance`. All of them are checked when the
	// configuration loads, and those that nothing uses do nothing more. Default:
	// none.
	Instances map[string]Settings `json:"instances,omitempty"`

	log                 *slog.Logger
	storage             certmagic.Storage
	azpOnce, secretOnce *sync.Once

	// owned are the headers beyond clerkHeaders that gates set. All gates have
	// named theirs before there are requests.
	owned []headerfield.Owned

	mu       *sync.Mutex // guards what follows
	using    map[instanceKey]*instance
	keyrings []keyring        // those of all instances of the configuration
	board    *revocationBoard // nil while nothing is done
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  appID,
		New: func() caddy.Module { return new(App) },
	}
}

// Provision sets the app up. It makes no request.
func (a *App) Provision(ctx caddy.Context) error {
	a.log, a.storage = ctx.Slogger(), ctx.Storage()
	a.azpOnce, a.secretOnce, a.mu = new(sync.Once), new(sync.Once), new(sync.Mutex)
	a.using = make(map[instanceKey]*instance)
	if err := a.checkInstances(); err != nil {
		return err
	}
	return registerMetrics(ctx.GetMetricsRegistry(), a)
}

// Start begins the background work of all instances in use.
func (a *App) Start() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.using) == 0 {
		return nil
	}
	reserve()
	a.board = &revocationBoard{storage: a.storage, log: a.log}
	for _, instance := range a.using {
		a.board.readers = append(a.board.readers, instance.revoked)
	}
	a.board.open()
	for _, instance := range a.using {
		instance.attach(owner{a, a.log, a.storage, a.board})
	}
	return nil
}

// Stop ends the background work of the instances that no other configuration
// uses.
func (a *App) Stop() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.board == nil {
		return nil
	}
	for _, instance := range a.using {
		instance.detach(a)
	}
	a.board.close()
	a.board = nil
	return nil
}

// Cleanup lets go of the instances. It runs after a configuration that could
// not be loaded, too, and then lets go of what that one had taken.
func (a *App) Cleanup() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var failures error
	for key := range a.using {
		_, err := instances.Delete(key)
		failures = errors.Join(failures, err)
	}
	clear(a.using)
	return failures
}

// instance gives the instance that the settings name, from the pool if it is
// there, for as long as this configuration lives.
func (a *App) instance(r *resolved) (*instance, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := r.instanceKey()
	if known, ok := a.using[key]; ok {
		return known, nil
	}
	pooled, err := takeInstance(key, r)
	if err != nil {
		return nil, err
	}
	a.using[key] = pooled
	return pooled, nil
}

// takeInstance takes an instance from the pool, and puts it there if it is not.
// Whoever takes one lets go of it by its key.
func takeInstance(key instanceKey, r *resolved) (*instance, error) {
	pooled, _, err := instances.LoadOrNew(key, func() (caddy.Destructor, error) {
		return newInstance(r)
	})
	if err != nil {
		return nil, err
	}
	return pooled.(*instance), nil
}

// own notes the headers that a gate sets.
func (a *App) own(i *identity) {
	if i == nil {
		return
	}
	for _, o := range i.owned {
		if o != clerkHeaders && !slices.Contains(a.owned, o) {
			a.owned = append(a.owned, o)
		}
	}
}

// warnAuthorizedParties says once per configuration that tokens are taken
// whatever origin they were made for.
func (a *App) warnAuthorizedParties() {
	a.azpOnce.Do(func() {
		a.log.Warn("authorized_parties is not set, so session tokens are accepted whatever origin they were made for; " +
			"set it to the origins of your site")
	})
}

// noteSecretKey says once per configuration what is not done without one.
func (a *App) noteSecretKey() {
	a.secretOnce.Do(func() {
		a.log.Info("secret_key is not set, so expired sessions are not refreshed: browsers go through a handshake for that, " +
			"and opaque machine tokens cannot be verified")
	})
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
