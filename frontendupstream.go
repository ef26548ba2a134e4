// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/frontendapi"
)

// proxyPath is what the path of a proxy looks like.
var proxyPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// cleanProxyPath gives the path without a slash at its end.
func cleanProxyPath(path string) (string, error) {
	if path == "" {
		return DefaultProxyPath, nil
	}
	trimmed := strings.TrimRight(path, "/")
	if !proxyPath.MatchString(trimmed) {
		return "", fmt.Errorf("path: expected one such as %s, got %q", DefaultProxyPath, path)
	}
	return trimmed, nil
}

// chooseUpstream takes the setting, the environment, or what Clerk's SDKs do for
// the host that the publishable key names.
func chooseUpstream(setting, host string) (*frontendapi.Upstream, error) {
	name, environment := "upstream", os.Getenv("CLERK_FAPI_URL")
	if setting == "" && environment != "" {
		name = "CLERK_FAPI_URL"
	}
	base, err := backendapi.ParseURL(cmp.Or(setting, environment, frontendapi.DefaultURL(host)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	upstream, err := frontendapi.NewUpstream(base)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return upstream, nil
}

// publicProxyURL gives the URL of the proxy where the setting names it whole, and
// nothing where it names the path alone. It has to be the path of this one.
func publicProxyURL(setting, path string) (string, error) {
	u, err := url.Parse(setting)
	if err != nil {
		return "", fmt.Errorf("proxy_url: expected a URL or a path: %w", err)
	}
	named := strings.TrimRight(u.Path, "/")
	if setting != "" && named != path {
		return "", fmt.Errorf("path: expected %s, the path of proxy_url, got %s; make them the same", cmp.Or(named, "/"), path)
	}
	if u.Host == "" {
		return "", nil
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// proxyConfig is what reverse_proxy is told. Bodies are streamed both ways, and
// encodings are between Clerk and the browser. A request that found no connection
// is sent once more. One that did is not, of whatever method, or else a GET would
// be: it may have used up a code or a nonce that is good once.
func proxyConfig(upstream *frontendapi.Upstream) map[string]any {
	transport := map[string]any{"protocol": "http", "compression": false}
	if upstream.IsTLS() {
		transport["tls"] = map[string]any{}
	}
	return map[string]any{
		"upstreams":      []map[string]any{{"dial": upstream.Address()}},
		"transport":      transport,
		"flush_interval": -1,
		"load_balancing": map[string]any{"retries": 1, "retry_match": []map[string]any{{"method": []string{}}}},
	}
}
