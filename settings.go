// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Settings name a Clerk instance, say what its tokens must satisfy and where
// the application stands. All values can be placeholders such as
// `{env.CLERK_SECRET_KEY}`, which are expanded when the configuration loads.
type Settings struct {
	// The instance's publishable key, `pk_test_…` or `pk_live_…`. Default: the
	// environment variable `CLERK_PUBLISHABLE_KEY`.
	PublishableKey string `json:"publishable_key,omitempty"`

	// The instance's secret key, `sk_test_…` or `sk_live_…`. It is sent to the
	// origin of `api_url` and to nobody else. Without one, keys come from the
	// Frontend API, and handshakes come back as signed tokens. Default: the
	// environment variable `CLERK_SECRET_KEY`.
	SecretKey string `json:"secret_key,omitempty"`

	// The machine secret key, `ak_…`, which M2M tokens are verified with. Clerk
	// then tells as well whether a token may be shown to this machine. Default:
	// the environment variable `CLERK_MACHINE_SECRET_KEY`, or the secret key.
	MachineSecretKey string `json:"machine_secret_key,omitempty"`

	// The instance's public key, in PEM or as the path of a file with it. With
	// it, tokens are verified without the network. Default: the environment
	// variable `CLERK_JWT_KEY`, unless `jwks_url` is set.
	JWTKey string `json:"jwt_key,omitempty"`

	// Where the instance's key set is. Default: the Backend API's with the
	// secret key; without one, the Frontend API's public one.
	JWKSURL string `json:"jwks_url,omitempty"`

	// How long keys are used after they were last fetched, when they cannot be
	// fetched again, `1m` or more. Default: `24h`.
	KeysMaxStale *caddy.Duration `json:"keys_max_stale,omitempty"`

	// Where the Backend API is; `http` on loopback only. Default: the environment
	// variable `CLERK_API_URL`, or `https://api.clerk.com`.
	APIURL string `json:"api_url,omitempty"`

	// The version of the Backend API. Default: `v1`.
	APIVersion string `json:"api_version,omitempty"`

	// The origins that tokens may have been made for, such as
	// `https://app.example.com` (the claim `azp`). Default: unchecked, which
	// leaves an application open to tokens that a subdomain got hold of.
	AuthorizedParties []string `json:"authorized_parties,omitempty"`

	// The audiences that tokens may be for (the claim `aud`). Tokens without an
	// audience pass. Default: unchecked.
	Audience []string `json:"audience,omitempty"`

	// The issuers that tokens may be from (the claim `iss`). Default: the
	// instance's Frontend API, and its `proxy_url`.
	Issuer []string `json:"issuer,omitempty"`

	// The types of tokens that are accepted: `session_token`, `api_key`,
	// `m2m_token`, `oauth_token`, or `any`. All but session tokens are taken from
	// the `Authorization` header alone. Default: `session_token`.
	AcceptsToken []string `json:"accepts_token,omitempty"`

	// How sessions are kept in step with Clerk: `handshake`, or `interstitial`
	// for front ends from before there were handshakes. Default: `handshake`.
	SessionSync string `json:"session_sync,omitempty"`

	// How far the clocks of Clerk and of this machine may differ, `0s` to `5m`.
	// Default: `5s`.
	ClockSkew *caddy.Duration `json:"clock_skew,omitempty"`

	// How long ago, beyond `clock_skew`, a session token may have expired that
	// passes while Clerk cannot be reached, up to `24h`: for GET, HEAD and OPTIONS,
	// and not at a gate with `require reverification`. Default: `0s`, which is off.
	OutageGrace *caddy.Duration `json:"outage_grace,omitempty"`

	// Where the Frontend API is reached instead of its own host, if it is: a
	// URL, or a path on the site itself such as `/__clerk`. Default: its own host.
	ProxyURL string `json:"proxy_url,omitempty"`

	// The host of a satellite application, such as `app.example.com`. Only with
	// `is_satellite`.
	Domain string `json:"domain,omitempty"`

	// Whether the application is a satellite: on a domain of its own, with the
	// sessions of the primary domain. It takes `domain` or `proxy_url`, and, with
	// a development instance, `sign_in_url`. Default: `false`.
	IsSatellite bool `json:"is_satellite,omitempty"`

	// Whether a satellite sends people who have no cookies yet round by the
	// primary domain at their first page load, to see if they are signed in.
	// Default: `false`.
	SatelliteAutoSync bool `json:"satellite_auto_sync,omitempty"`

	// The paths that belong to an organization, or to none. Page loads there
	// activate what they belong to. Default: none.
	OrganizationSync *OrganizationSync `json:"organization_sync,omitempty"`

	// The page to sign in on, a URL or a path. Default: the instance's Account
	// Portal.
	SignInURL string `json:"sign_in_url,omitempty"`

	// The page to sign up on, a URL or a path. Default: the instance's Account
	// Portal.
	SignUpURL string `json:"sign_up_url,omitempty"`
}

// OrganizationSync says which paths belong to which organization
// (https://clerk.com/docs/references/backend/types/organization-sync-options).
type OrganizationSync struct {
	// Patterns with the organization in them, as `:slug` or `:id`, such as
	// `/orgs/:slug/(.*)`.
	Organization []string `json:"organization,omitempty"`

	// Patterns of the personal account, such as `/me/(.*)`.
	PersonalAccount []string `json:"personal_account,omitempty"`
}

// maxClockSkew is more than any clock that is kept right is off by. A larger
// skew would only keep tokens alive that Clerk meant to last for a minute.
const maxClockSkew = 5 * time.Minute

// resolved is Settings with their placeholders expanded, checked, and with
// every default filled in. It holds secrets and is never printed.
type resolved struct {
	Settings
	key      authstate.PublishableKey
	keys     keyOrigin
	staleFor time.Duration
	grace    time.Duration
	want     verifier.Requirements
}

// resolve expands and checks the settings. Its errors name the setting and
// what to do; they never contain a secret.
func (s Settings) resolve(repl *caddy.Replacer) (*resolved, error) {
	r := &resolved{Settings: s}
	if err := r.expand(repl); err != nil {
		return nil, err
	}
	if err := r.checkKeys(); err != nil {
		return nil, err
	}
	if err := r.checkRequirements(); err != nil {
		return nil, err
	}
	if !r.IsSatellite && (r.Domain != "" || r.SatelliteAutoSync) {
		return nil, errors.New("is_satellite: not set, and domain and satellite_auto_sync are only of use with it; set it, or leave them out")
	}
	if err := r.checkSessionSync(); err != nil {
		return nil, err
	}
	if err := r.checkGrace(); err != nil {
		return nil, err
	}
	r.staleFor = verifier.DefaultKeysMaxStale
	if r.KeysMaxStale != nil {
		r.staleFor = time.Duration(*r.KeysMaxStale)
	}
	if r.staleFor < time.Minute {
		return nil, fmt.Errorf("keys_max_stale: expected a minute or more, got %s", r.staleFor)
	}
	return r, nil
}

// expand replaces placeholders. One that is empty or unknown is an error: an
// environment variable that was not set must not turn a check off.
func (r *resolved) expand(repl *caddy.Replacer) error {
	for _, setting := range []struct {
		name  string
		value *string
	}{
		{"publishable_key", &r.PublishableKey},
		{"secret_key", &r.SecretKey},
		{"machine_secret_key", &r.MachineSecretKey},
		{"jwt_key", &r.JWTKey},
		{"jwks_url", &r.JWKSURL},
		{"api_url", &r.APIURL},
		{"api_version", &r.APIVersion},
		{"proxy_url", &r.ProxyURL},
		{"domain", &r.Domain},
		{"session_sync", &r.SessionSync},
		{"sign_in_url", &r.SignInURL},
		{"sign_up_url", &r.SignUpURL},
	} {
		value, err := repl.ReplaceOrErr(*setting.value, true, true)
		if err != nil {
			return fmt.Errorf("%s: %w; set what it refers to, or leave the setting out", setting.name, err)
		}
		if value = strings.TrimSpace(value); value == "" && *setting.value != "" {
			return fmt.Errorf("%s: %w", setting.name, errBlank)
		}
		*setting.value = value
	}
	for _, setting := range []struct {
		name   string
		values *[]string
	}{
		{"authorized_parties", &r.AuthorizedParties},
		{"audience", &r.Audience},
		{"issuer", &r.Issuer},
		{"accepts_token", &r.AcceptsToken},
	} {
		expanded := make([]string, 0, len(*setting.values))
		for _, value := range *setting.values {
			value, err := repl.ReplaceOrErr(value, true, true)
			if err != nil {
				return fmt.Errorf("%s: %w; set what it refers to, or leave the setting out", setting.name, err)
			}
			// One environment variable can hold several values.
			several := strings.FieldsFunc(value, func(c rune) bool { return c == ',' || unicode.IsSpace(c) })
			if len(several) == 0 {
				return fmt.Errorf("%s: %w", setting.name, errBlank)
			}
			expanded = append(expanded, several...)
		}
		*setting.values = expanded
	}
	return nil
}

var errBlank = errors.New("what it refers to is blank; set it, or leave the setting out")

var errNoPublishableKey = errors.New("publishable_key: not set; copy it from the Clerk Dashboard (API keys) into this setting, " +
	"the global option clerk, or the environment variable CLERK_PUBLISHABLE_KEY")

func (r *resolved) checkKeys() error {
	if r.PublishableKey == "" && authstate.NeedsPublishableKey(r.AcceptsToken) {
		return errNoPublishableKey
	}
	var err error
	if r.PublishableKey != "" {
		if r.key, err = authstate.ParsePublishableKey(r.PublishableKey); err != nil {
			return fmt.Errorf("publishable_key: %w", err)
		}
	}
	if err := r.checkSecretKey(); err != nil {
		return err
	}
	if err := r.checkMachines(); err != nil {
		return err
	}
	if _, err := backendapi.ParseURL(cmp.Or(r.APIURL, backendapi.DefaultAPIURL)); err != nil {
		return fmt.Errorf("api_url: %w", err)
	}
	if r.APIVersion != "" && !apiVersion.MatchString(r.APIVersion) {
		return fmt.Errorf("api_version: expected a version as in Clerk's addresses, such as v1, got %q", r.APIVersion)
	}
	r.keys, err = r.keyOrigin()
	return err
}

// apiVersion is the first element of the Backend API's paths, and not the date
// that Clerk calls a version as well.
var apiVersion = regexp.MustCompile(`^v[0-9][0-9a-z]*$`)

// secretKeyKinds lists how secret keys begin. The last two are of instances
// from before there were publishable keys.
var secretKeyKinds = map[string]authstate.InstanceType{
	"sk_test_": authstate.Development,
	"sk_live_": authstate.Production,
	"test_":    authstate.Development,
	"live_":    authstate.Production,
}

func (r *resolved) checkSecretKey() error {
	if r.SecretKey == "" {
		return nil
	}
	for prefix, kind := range secretKeyKinds {
		if !strings.HasPrefix(r.SecretKey, prefix) {
			continue
		}
		if r.PublishableKey != "" && kind != r.key.InstanceType {
			return fmt.Errorf("secret_key: it is a %s key and publishable_key is a %s key; take both from the same instance",
				kind, r.key.InstanceType)
		}
		if strings.ContainsFunc(r.SecretKey, isOutsideOfKeys) {
			return errors.New("secret_key: it contains a character that no key has; copy it once more from the Clerk Dashboard")
		}
		return nil
	}
	return errors.New("secret_key: expected a key that begins with sk_test_ or sk_live_, as the Clerk Dashboard shows it under API keys")
}

func (r *resolved) checkSessionSync() error {
	switch r.SessionSync {
	case "", syncByHandshake:
		return nil
	case syncByInterstitial:
	default:
		return fmt.Errorf("session_sync: expected handshake or interstitial, got %q", r.SessionSync)
	}
	if r.SecretKey == "" {
		return errors.New("secret_key: not set, and session_sync interstitial fetches its page with it; set it (or CLERK_SECRET_KEY)")
	}
	if len(r.AcceptsToken) > 0 || r.IsSatellite || r.OrganizationSync != nil {
		return errors.New("session_sync: interstitial knows no accepts_token, is_satellite or organization_sync; leave them out, or use handshake")
	}
	if r.OutageGrace != nil && *r.OutageGrace != 0 {
		return errors.New("session_sync: interstitial knows no outage_grace; leave it out, or use handshake")
	}
	return nil
}

// isOutsideOfKeys finds what no key has in it.
func isOutsideOfKeys(c rune) bool { return c <= ' ' || c > '~' }

// checkMachines checks that the machine tokens that are accepted can be
// verified: API keys only by asking Clerk.
func (r *resolved) checkMachines() error {
	if strings.ContainsFunc(r.MachineSecretKey, isOutsideOfKeys) {
		return errors.New("machine_secret_key: it contains a character that no key has; copy it once more from the Clerk Dashboard")
	}
	if strings.HasPrefix(r.MachineSecretKey, "pk_") || strings.HasPrefix(r.MachineSecretKey, "sk_") {
		return errors.New("machine_secret_key: expected the key of a machine, which begins with ak_, and this is one of the instance; " +
			"copy it from the Clerk Dashboard (Machines), or leave it out to use secret_key")
	}
	accepts := func(tokenType string) bool {
		return slices.Contains(r.AcceptsToken, tokenType) || slices.Contains(r.AcceptsToken, authstate.AnyToken)
	}
	if accepts(authstate.APIKey) && r.SecretKey == "" {
		return errors.New("secret_key: not set, and accepts_token has api_key, which only Clerk can verify; " +
			"set it (or CLERK_SECRET_KEY), or list the other types")
	}
	return nil
}

func (r *resolved) checkRequirements() error {
	skew := verifier.DefaultClockSkew
	if r.ClockSkew != nil {
		skew = time.Duration(*r.ClockSkew)
	}
	if skew < 0 || skew > maxClockSkew {
		return fmt.Errorf("clock_skew: expected 0s to %s, got %s", maxClockSkew, skew)
	}
	for _, party := range r.AuthorizedParties {
		if err := checkOrigin(party); err != nil {
			return fmt.Errorf("authorized_parties: %w", err)
		}
	}
	for _, issuer := range r.Issuer {
		if u, err := url.Parse(issuer); err != nil || u.Scheme == "" || u.Host == "" || strings.HasSuffix(issuer, "/") {
			return fmt.Errorf("issuer: expected a URL such as https://clerk.example.com, without a slash at its end, got %q", issuer)
		}
	}
	r.want = verifier.Requirements{
		AuthorizedParties: r.AuthorizedParties,
		Audiences:         r.Audience,
		Issuers:           r.Issuer,
		ClockSkew:         skew,
	}
	return nil
}

// checkOrigin accepts what a browser sends as an origin (RFC 6454, section
// 6.1), since tokens are compared with it to the letter.
func checkOrigin(party string) error {
	scheme, host, ok := strings.Cut(party, "://")
	hint := "expected an origin such as https://app.example.com"
	switch {
	case !ok || scheme == "" || host == "" || strings.ContainsAny(host, "*@?#\\"):
		return fmt.Errorf("%s, got %q", hint, party)
	case strings.Contains(host, "/"):
		host, _, _ = strings.Cut(host, "/")
		return fmt.Errorf("%s, without a path, got %q: write %s://%s", hint, party, scheme, host)
	case party != strings.ToLower(party):
		return fmt.Errorf("%s, in lower case, got %q: write %s", hint, party, strings.ToLower(party))
	case !isCanonical(party, scheme, host):
		return fmt.Errorf("%s, got %q", hint, party)
	case scheme == "https" && strings.HasSuffix(host, ":443"), scheme == "http" && strings.HasSuffix(host, ":80"):
		return fmt.Errorf("%s, without the default port, got %q: write %s", hint, party, party[:strings.LastIndexByte(party, ':')])
	}
	return nil
}

// isCanonical tells whether an origin is spelled as a browser does it.
func isCanonical(party, scheme, host string) bool {
	u, err := url.Parse(party)
	if err != nil || u.Scheme != scheme || u.Host != host || u.Hostname() == "" {
		return false
	}
	if u.Port() == "" {
		return !strings.HasSuffix(host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && strconv.FormatUint(port, 10) == u.Port()
}

// authKey identifies the settings that decide who a request comes from, so
// that gates that agree on them authenticate a request once.
func (r *resolved) authKey(instance instanceKey) string {
	sorted := func(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), " ") }
	return strings.Join([]string{
		instance.String(), r.PublishableKey, r.ProxyURL, r.want.ClockSkew.String(),
		sorted(r.want.AuthorizedParties), sorted(r.want.Audiences), sorted(r.want.Issuers),
		fmt.Sprintf("%q %q %t %t", r.AcceptsToken, r.Domain, r.IsSatellite, r.SatelliteAutoSync),
		r.authSignIn(), r.authOrganizations(), r.SessionSync, r.grace.String(),
	}, "\n")
}

// authSignIn is the sign-in page as far as it decides anything: a satellite of
// a development instance asks it who somebody is.
func (r *resolved) authSignIn() string {
	if r.IsSatellite && r.key.InstanceType == authstate.Development {
		return r.SignInURL
	}
	return ""
}

func (r *resolved) authOrganizations() string {
	if r.OrganizationSync == nil {
		return ""
	}
	return fmt.Sprintf("%q %q", r.OrganizationSync.Organization, r.OrganizationSync.PersonalAccount)
}

// satellite gives what the authenticator is told of it.
func (r *resolved) satellite() *authstate.Satellite {
	if !r.IsSatellite {
		return nil
	}
	return &authstate.Satellite{Domain: r.Domain, AutoSync: r.SatelliteAutoSync}
}
