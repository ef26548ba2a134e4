// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/sha1" //nolint:gosec // Clerk derives its cookie suffix with SHA-1; nothing is secured by it.
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// Emulator is one emulated Clerk instance. It is safe for concurrent use.
type Emulator struct {
	mount          string
	frontendAPI    string
	production     bool
	publishableKey string
	secretKey      string
	suffix         string
	lifetime       time.Duration
	now            func() time.Time
	key            *signingKey
	people         *directory
	store          *store
	machines       *machineStore
	routes         *routes
}

// New starts an instance without sessions.
func New(o Options) (*Emulator, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	key, err := newSigningKey(o.SigningKey)
	if err != nil {
		return nil, fmt.Errorf("making the instance's key: %w", err)
	}
	return newInstance(o, key), nil
}

// newInstance takes settings that are complete.
func newInstance(o Options, key *signingKey) *Emulator {
	e := &Emulator{
		mount:          o.Mount,
		frontendAPI:    o.FrontendAPI,
		production:     o.Production,
		publishableKey: publishableKey(o.Production, o.FrontendAPI),
		secretKey:      o.SecretKey,
		lifetime:       o.TokenLifetime,
		now:            o.Now,
		key:            key,
		people:         newDirectory(),
		store:          newStore(maxBrowsers, maxNonces),
		machines:       newMachineStore(maxMachineTokens),
	}
	e.suffix = cookieSuffix(e.publishableKey)
	e.routes = newRoutes(e.routeTable())
	return e
}

// PublishableKey is the key that names this instance to an application.
func (e *Emulator) PublishableKey() string { return e.publishableKey }

// SecretKey is what the Backend API asks for.
func (e *Emulator) SecretKey() string { return e.secretKey }

// PublicKeyPEM is the public half of the instance's key, as a PEM of its SPKI.
func (e *Emulator) PublicKeyPEM() string { return e.key.publicPEM }

// KeyID is the kid of every token that the instance signs.
func (e *Emulator) KeyID() string { return e.key.id }

// Issuer is the iss of every session token.
func (e *Emulator) Issuer() string { return "https://" + e.frontendAPI }

// CookieSuffix is what Clerk appends, after an underscore, to the names of this
// instance's cookies.
func (e *Emulator) CookieSuffix() string { return e.suffix }

func publishableKey(production bool, host string) string {
	prefix := "pk_test_"
	if production {
		prefix = "pk_live_"
	}
	return prefix + base64.RawStdEncoding.EncodeToString([]byte(host+"$"))
}

func cookieSuffix(publishableKey string) string {
	sum := sha1.Sum([]byte(publishableKey)) //nolint:gosec // See the import.
	return base64.RawURLEncoding.EncodeToString(sum[:])[:8]
}

// ServeHTTP answers every path below the mount and 404 for all others.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")

	handlers, found := e.routeOf(r)
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "the emulator has nothing at this path")
		return
	}
	handle, allowed := handlers[methodOf(r)]
	if !allowed {
		w.Header().Set("Allow", handlers.methods())
		writeAPIError(w, http.StatusMethodNotAllowed, "method_not_allowed", "this path answers "+handlers.methods())
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	handle(w, r)
}
