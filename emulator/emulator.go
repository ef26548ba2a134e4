// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/sha1" //nolint:gosec // Clerk derives its cookie suffix with SHA-1; nothing is secured by it.
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
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
	routes         map[string]route
	crossOrigin    *http.CrossOriginProtection
}

// New starts an instance with a fresh key and no sessions.
func New(o Options) (*Emulator, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	key, err := newSigningKey()
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
		crossOrigin:    http.NewCrossOriginProtection(),
	}
	e.suffix = cookieSuffix(e.publishableKey)
	e.routes = e.routeTable()
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

// route holds the handlers of one path by method.
type route map[string]http.HandlerFunc

const (
	sessionsPath      = "/v1/sessions/"
	usersPath         = "/v1/users/"
	organizationsPath = "/v1/organizations/"
)

// routeTable names paths below the mount. Where {id} is one of a resource, the
// handlers find it as the path value "id".
func (e *Emulator) routeTable() map[string]route {
	get, post := http.MethodGet, http.MethodPost
	return map[string]route{
		"/":                             {get: e.index},
		"/.well-known/jwks.json":        {get: e.publicKeys},
		"/v1/jwks":                      {get: e.withSecretKey(e.publicKeys)},
		"/v1/client/handshake":          {get: e.handshake},
		"/v1/clients/handshake_payload": {get: e.withSecretKey(e.handshakePayload)},
		sessionsPath + "{id}/refresh":   {post: e.withSecretKey(e.refreshSession)},
		"/api_keys/verify":              {post: e.withSecretKey(e.verifyMachine(apiKeys))},
		"/m2m_tokens/verify":            {post: e.withSecretKey(e.verifyMachine(m2mTokens))},
		"/oauth_applications/access_tokens/verify":  {post: e.withSecretKey(e.verifyMachine(oauthTokens))},
		sessionsPath + "{id}/revoke":                {post: e.withSecretKey(e.revokeSession)},
		"/v1/users":                                 {get: e.withSecretKey(e.listUsers)},
		usersPath + "count":                         {get: e.withSecretKey(e.countUsers)},
		usersPath + "{id}":                          {get: e.withSecretKey(e.getUser)},
		usersPath + "{id}/organization_memberships": {get: e.withSecretKey(e.listMemberships)},
		"/v1/organizations":                         {get: e.withSecretKey(e.listOrganizations)},
		organizationsPath + "{id}":                  {get: e.withSecretKey(e.getOrganization)},
		organizationsPath + "{id}/memberships":      {get: e.withSecretKey(e.listMembers)},
		"/sign-in":                                  {get: e.showSignIn, post: e.sameOrigin(e.signIn)},
		"/sign-in/tasks":                            {get: e.showTasks, post: e.sameOrigin(e.resolveTask)},
		"/sign-out":                                 {get: e.showSignOut, post: e.sameOrigin(e.signOut)},
		"/emulator/token":                           {get: e.token},
	}
}

// ServeHTTP answers every path below the mount and 404 for all others.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")

	handlers, found := e.routes[e.routeOf(r)]
	if !found {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", "the emulator has nothing at this path")
		return
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handle, allowed := handlers[method]
	if !allowed {
		w.Header().Set("Allow", handlers.methods())
		writeAPIError(w, http.StatusMethodNotAllowed, "method_not_allowed", "this path answers "+handlers.methods())
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	handle(w, r)
}

// routeOf gives the request's path as the route table names it, or "" when the
// request is for somewhere else.
func (e *Emulator) routeOf(r *http.Request) string {
	below, ok := strings.CutPrefix(r.URL.Path, e.mount)
	if !ok {
		return ""
	}
	if below == "" {
		return "/"
	}
	if below == usersPath+"count" {
		return below
	}
	for _, resource := range []string{sessionsPath, usersPath, organizationsPath} {
		rest, found := strings.CutPrefix(below, resource)
		if !found {
			continue
		}
		id, action, more := strings.Cut(rest, "/")
		r.SetPathValue("id", id)
		if more {
			action = "/" + action
		}
		return resource + "{id}" + action
	}
	return below
}

func (rt route) methods() string {
	var methods []string
	if _, ok := rt[http.MethodGet]; ok {
		methods = append(methods, http.MethodGet, http.MethodHead)
	}
	if _, ok := rt[http.MethodPost]; ok {
		methods = append(methods, http.MethodPost)
	}
	return strings.Join(methods, ", ")
}
