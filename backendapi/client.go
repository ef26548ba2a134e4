// SPDX-License-Identifier: Apache-2.0

// Package backendapi speaks to Clerk's Backend API
// (https://clerk.com/docs/reference/backend-api).
//
// A Client is made once for a secret key and is safe for concurrent use. Its
// resources are its fields:
//
//	client, err := backendapi.New(backendapi.Options{SecretKey: "sk_test_…"})
//	if err != nil {
//		return err
//	}
//	keys, err := client.JWKS.Get(ctx)
//
// Answers of the API that are no success are an *Error, which holds Clerk's
// codes; ErrUnreachable and ErrNotJSON tell what else can go wrong. No error
// contains a secret key, or a token that was sent.
package backendapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What a Client uses when nothing else is said.
const (
	DefaultAPIURL     = "https://api.clerk.com"
	DefaultAPIVersion = "v1"

	// apiDate is the dated version of the API that this package was written
	// against, sent as Clerk-API-Version.
	apiDate        = "2026-05-12"
	userAgent      = "caddy-clerk"
	defaultTimeout = 10 * time.Second
)

// Doer sends a request: an *http.Client, or whatever stands for one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Options says how a Client reaches Clerk.
type Options struct {
	// SecretKey authenticates the Client. Required, unless there is a
	// MachineSecretKey and nothing but M2M tokens are verified.
	SecretKey string
	// MachineSecretKey authenticates, in place of SecretKey, what is asked about
	// M2M tokens. Clerk then accepts only tokens that were granted access to the
	// key's machine.
	MachineSecretKey string
	// APIURL is where the API is; DefaultAPIURL when empty. Only https is
	// accepted, except on loopback, since the secret keys are sent there.
	APIURL string
	// APIVersion is the first element of every path but those that verify
	// opaque tokens; DefaultAPIVersion when empty.
	APIVersion string
	// Doer sends the requests. The default follows no redirects, so that secret
	// keys and tokens reach nobody but APIURL, and gives up after ten seconds.
	Doer Doer
}

// Client speaks to the Backend API.
type Client struct {
	// JWKS is the instance's key set.
	JWKS *JWKSService
	// Clients are the browsers and devices that people are signed in with.
	Clients *ClientsService
	// Interstitial is the page that older SDKs find sessions with.
	Interstitial *InterstitialService
	// Sessions are those that people are signed in with.
	Sessions *SessionsService
	// APIKeys are what users, organizations and machines call an API with.
	APIKeys *APIKeysService
	// M2MTokens are what machines show to each other.
	M2MTokens *M2MTokensService
	// OAuthAccessTokens are those of Clerk's OAuth identity provider.
	OAuthAccessTokens *OAuthAccessTokensService

	secretKey        string
	machineSecretKey string
	base             *url.URL // with the version
	unversioned      *url.URL
	doer             Doer
}

// New makes a Client. It makes no request.
func New(o Options) (*Client, error) {
	if o.SecretKey == "" && o.MachineSecretKey == "" {
		return nil, errors.New("the Backend API needs a secret key, or a machine secret key for M2M tokens alone")
	}
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	if o.APIVersion == "" {
		o.APIVersion = DefaultAPIVersion
	}
	base, err := ParseURL(o.APIURL)
	if err != nil {
		return nil, fmt.Errorf("api_url: %w", err)
	}
	if strings.Trim(o.APIVersion, "/") != o.APIVersion || strings.Contains(o.APIVersion, "..") {
		return nil, fmt.Errorf("api_version: expected a name such as v1, got %q", o.APIVersion)
	}
	if o.Doer == nil {
		o.Doer = DefaultDoer()
	}
	c := &Client{
		secretKey:        o.SecretKey,
		machineSecretKey: o.MachineSecretKey,
		base:             base.JoinPath(o.APIVersion),
		unversioned:      base,
		doer:             o.Doer,
	}
	c.JWKS = &JWKSService{c}
	c.Clients = &ClientsService{c}
	c.Interstitial = &InterstitialService{c}
	c.Sessions = &SessionsService{c}
	c.APIKeys = &APIKeysService{c}
	c.M2MTokens = &M2MTokensService{c}
	c.OAuthAccessTokens = &OAuthAccessTokensService{c}
	return c, nil
}

// DefaultDoer makes the HTTP client that is used when none is given.
func DefaultDoer() *http.Client {
	return &http.Client{
		Timeout: defaultTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// ParseURL reads the address of a service of Clerk's: absolute, without user
// information, query or fragment, and encrypted unless it is on this machine.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		// Without the text: it may be a key in the wrong place, or hold one.
		return nil, errors.New("expected an absolute URL, which begins with https://")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("expected a URL without user information, query and fragment")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("expected https (http is for loopback only), got %q", text)
	}
	return u, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
