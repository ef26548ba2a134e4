// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"cmp"
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

	// DefaultVersionDate is the dated version of the API that this package was
	// written against.
	DefaultVersionDate = "2026-05-12"
	DefaultUserAgent   = "caddy-clerk"

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
	// VersionDate is sent as Clerk-API-Version, and decides the form of the
	// answers; DefaultVersionDate when empty.
	VersionDate string
	// UserAgent is sent as User-Agent; DefaultUserAgent when empty.
	UserAgent string
	// Doer sends the requests. The default gives up after ten seconds. An
	// *http.Client follows no redirects here, whatever it would do elsewhere, so
	// that secret keys and tokens reach nobody but APIURL; another Doer must see to
	// that itself.
	Doer Doer
	// Retry says when calls are made again; DefaultRetryPolicy when nil.
	Retry *RetryPolicy
	// RequestLimit is how many requests are sent in ten seconds; the others wait.
	// All Clients of a key in the process share it. When it is 0 it is what Clerk
	// allows, DevelopmentRequests for a key that begins with sk_test_ and
	// ProductionRequests for the others, and on loopback there is none. Below 0
	// there is none at all.
	RequestLimit int
}

// Client speaks to the Backend API.
type Client struct {
	Resources

	secretKey        string
	machineSecretKey string
	base             *url.URL // with the version
	unversioned      *url.URL
	doer             Doer
	versionDate      string
	userAgent        string
	retry            RetryPolicy
	limit            *limiter // of secretKey
	machineLimit     *limiter // of machineSecretKey
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
	loopback := isLoopback(base.Hostname())
	c := &Client{
		secretKey:        o.SecretKey,
		machineSecretKey: o.MachineSecretKey,
		base:             base.JoinPath(o.APIVersion),
		unversioned:      base,
		doer:             withoutRedirects(o.Doer),
		versionDate:      cmp.Or(o.VersionDate, DefaultVersionDate),
		userAgent:        cmp.Or(o.UserAgent, DefaultUserAgent),
		retry:            DefaultRetryPolicy(),
		limit:            limiterFor(o.SecretKey, o.RequestLimit, loopback),
		machineLimit:     limiterFor(o.MachineSecretKey, o.RequestLimit, loopback),
	}
	if o.Retry != nil {
		c.retry = *o.Retry
	}
	c.Resources = newResources(c)
	return c, nil
}

// DefaultDoer makes the HTTP client that is used when none is given.
func DefaultDoer() *http.Client {
	return &http.Client{Timeout: defaultTimeout, CheckRedirect: followNone}
}

// withoutRedirects keeps an HTTP client from sending on what is for Clerk.
func withoutRedirects(doer Doer) Doer {
	if doer == nil {
		return DefaultDoer()
	}
	client, ok := doer.(*http.Client)
	if !ok {
		return doer
	}
	careful := *client
	careful.CheckRedirect = followNone
	return &careful
}

func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

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
