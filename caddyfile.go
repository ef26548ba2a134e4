// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

const (
	directive      = "clerk_auth"
	proxyDirective = "clerk_proxy"
	globalOption   = "clerk"
)

func init() {
	httpcaddyfile.RegisterDirective(directive, parseDirective)
	httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "basic_auth")
	httpcaddyfile.RegisterDirective(proxyDirective, parseProxyDirective)
	httpcaddyfile.RegisterDirectiveOrder(proxyDirective, httpcaddyfile.After, "try_files")
	httpcaddyfile.RegisterGlobalOption(globalOption, parseGlobalOption)
}

// parseDirective sets up a gate. Syntax:
//
//	clerk_auth [<matcher>] {
//		instance            <name>
//		publishable_key     <key>
//		secret_key          <key>
//		machine_secret_key  <key>
//		jwt_key             <pem or file path>
//		jwks_url            <url>
//		keys_max_stale      <duration>
//		api_url             <url>
//		api_version         <version>
//		authorized_parties  <origin>...
//		audience            <audience>...
//		issuer              <url>...
//		clock_skew          <duration>
//		outage_grace        <duration>
//		session_sync        handshake | interstitial
//		accepts_token       any | session_token | api_key | m2m_token | oauth_token ...
//		proxy_url           <url or path>
//		domain              <host>
//		is_satellite
//		satellite_auto_sync
//		organization_sync {
//			organization      <pattern>...
//			personal_account  <pattern>...
//		}
//		sign_in_url         <url or path>
//		sign_up_url         <url or path>
//		optional
//		signed_out          redirect | <status>
//		require             role | permission | feature | plan | scope <value>...
//		require             reverification <preset> | <level> <minutes>
//		forbidden           <status>
//		preflight           pass | check
//		identity_headers    [<prefix>] {
//			<header>  <value>
//		}
//		strip_credentials
//		sign_out            <path>
//	}
//
// With a matcher there are two routes: one that takes identity headers out of
// every request, and the gate under the matcher. In whichever order they come
// to stand, a request is prepared once and before it is decided. A matcher that
// asks who is there needs a gate before it, so the two keep the place in the
// file that they have among the gates for everybody.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	if !h.Next() {
		return nil, h.ArgErr()
	}
	matcher, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	gate := new(Handler)
	if err := gate.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	routes := h.NewRoute(matcher, gate)
	switch {
	case matcher == nil:
		return routes, nil
	case asksWhoIsThere(matcher):
		return behindGate(h, routes), nil
	}
	return append(h.NewRoute(nil, new(Prepare)), routes...), nil
}

// parseProxyDirective sets up a proxy. It is no handler directive, which would
// take the path for a matcher.
func parseProxyDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	proxy := new(FrontendProxy)
	if err := proxy.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(nil, proxy), nil
}

// UnmarshalCaddyfile reads the directive. Syntax:
//
//	clerk_proxy [<path>] {
//		instance  <name>
//		upstream  <url>
//	}
func (p *FrontendProxy) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		if p.Path = d.Val(); !strings.HasPrefix(p.Path, "/") && !strings.HasPrefix(p.Path, "{") {
			return d.Errf("expected a path such as %s, got '%s'; the directive takes no matcher", DefaultProxyPath, p.Path)
		}
	}
	if d.NextArg() {
		return d.Errf("unexpected argument '%s'; it takes one path", d.Val())
	}
	return parseBlock(d, map[string]parser{"instance": chosenInstance(&p.Instance), "upstream": one(&p.Upstream)})
}

// parseGlobalOption sets up the app. Syntax:
//
//	clerk {
//		publishable_key  <key>
//		...
//		instance <name> {
//			publishable_key  <key>
//			...
//		}
//	}
//
// It takes every setting of the directive that is about the Clerk instance,
// its tokens, and where the application stands, and so does each instance.
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next()
	if existing != nil {
		return nil, d.Errf("the global option %s is already set", globalOption)
	}
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	app := new(App)
	if err := parseBlock(d, app.parsers(), "instance"); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: appID, Value: caddyconfig.JSON(app, nil)}, nil
}

// UnmarshalCaddyfile reads the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseBlock(d, h.parsers(), "require")
}

// parser reads the arguments of a subdirective; the dispenser stands on its
// name.
type parser func(*caddyfile.Dispenser) error

// parsers lists the subdirectives that a gate, the global option and a named
// instance have in common.
func (s *Settings) parsers() map[string]parser {
	return map[string]parser{
		"publishable_key":     one(&s.PublishableKey),
		"secret_key":          one(&s.SecretKey),
		"machine_secret_key":  one(&s.MachineSecretKey),
		"jwt_key":             one(&s.JWTKey),
		"jwks_url":            one(&s.JWKSURL),
		"keys_max_stale":      duration(&s.KeysMaxStale),
		"api_url":             one(&s.APIURL),
		"api_version":         one(&s.APIVersion),
		"authorized_parties":  several(&s.AuthorizedParties),
		"audience":            several(&s.Audience),
		"issuer":              several(&s.Issuer),
		"clock_skew":          duration(&s.ClockSkew),
		"outage_grace":        duration(&s.OutageGrace),
		"proxy_url":           one(&s.ProxyURL),
		"session_sync":        one(&s.SessionSync),
		"accepts_token":       several(&s.AcceptsToken),
		"domain":              one(&s.Domain),
		"is_satellite":        flag(&s.IsSatellite),
		"satellite_auto_sync": flag(&s.SatelliteAutoSync),
		"organization_sync":   organizationSync(&s.OrganizationSync),
		"sign_in_url":         one(&s.SignInURL),
		"sign_up_url":         one(&s.SignUpURL),
	}
}

// parsers adds the instances, each of which is a block of settings.
func (a *App) parsers() map[string]parser {
	parsers := a.Settings.parsers()
	parsers["instance"] = namedInstance(&a.Instances)
	return parsers
}

// parsers adds the subdirectives of a gate alone.
func (h *Handler) parsers() map[string]parser {
	parsers := h.Settings.parsers()
	parsers["instance"] = chosenInstance(&h.Instance)
	parsers["optional"] = flag(&h.Optional)
	parsers["signed_out"] = one((*string)(&h.SignedOut))
	parsers["require"] = requirement(&h.Require)
	parsers["forbidden"] = one((*string)(&h.Forbidden))
	parsers["preflight"] = one(&h.Preflight)
	parsers["identity_headers"] = identityHeaders(&h.IdentityHeaders)
	parsers["strip_credentials"] = flag(&h.StripCredentials)
	parsers["sign_out"] = one(&h.SignOut)
	return parsers
}

// parseBlock reads subdirectives, each at most once but for the repeatable
// ones, of which every line adds something.
func parseBlock(d *caddyfile.Dispenser, parsers map[string]parser, repeatable ...string) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		parse, ok := parsers[name]
		switch {
		case !ok && name == "instance":
			return d.Errf("%s: it cannot stand in a block like this; write all instances side by side, right in the global option %s",
				name, globalOption)
		case !ok:
			allowed := slices.Sorted(maps.Keys(parsers))
			return d.Errf("unrecognized subdirective '%s' (allowed are: %s)", name, strings.Join(allowed, ", "))
		case seen[name] && !slices.Contains(repeatable, name):
			return d.Errf("%s: already set; write it once, with all of its values on one line", name)
		}
		seen[name] = true
		if err := parse(d); err != nil {
			return err
		}
		if d.NextArg() {
			return d.Errf("%s: unexpected argument '%s'", name, d.Val())
		}
	}
	return nil
}

// flag reads a subdirective that has no arguments.
func flag(set *bool) parser {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if d.NextArg() {
			return d.Errf("%s: unexpected argument '%s'; it takes no value, and leaving it out is what turns it off", name, d.Val())
		}
		*set = true
		return nil
	}
}

// one reads the only argument.
func one(value *string) parser {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if !d.NextArg() || d.Val() == "" {
			return d.Errf("%s: expected a value", name)
		}
		*value = d.Val()
		if d.NextArg() {
			return d.Errf("%s: unexpected argument '%s'; it takes one value, in quotes if there are spaces in it", name, d.Val())
		}
		return nil
	}
}

// several reads one argument or more.
func several(values *[]string) parser {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		*values = d.RemainingArgs()
		if len(*values) == 0 || slices.Contains(*values, "") {
			return d.Errf("%s: expected one value or more", name)
		}
		return nil
	}
}

// requirement reads what must hold, one line of it.
func requirement(list *[]Requirement) parser {
	return func(d *caddyfile.Dispenser) error {
		words := d.RemainingArgs()
		if len(words) == 0 {
			return d.Errf("require: expected what is required, such as require role org:admin")
		}
		if !slices.Contains(requirementKinds, words[0]) {
			return d.Errf("require: expected one of %s, such as require role org:admin, got '%s'",
				strings.Join(requirementKinds, ", "), words[0])
		}
		if len(words) == 1 || slices.Contains(words, "") {
			return d.Errf("require %s: expected one value or more", words[0])
		}
		*list = append(*list, Requirement{Kind: words[0], Values: words[1:]})
		return nil
	}
}

// UnmarshalCaddyfile reads the matcher. Syntax:
//
//	clerk signed_in
//	clerk token_type session_token | api_key | m2m_token | oauth_token ...
//	clerk role | permission | feature | plan | scope <value>...
//	clerk reverification <preset> | <level> <minutes>
//
// or a block of such lines, without the word clerk.
func (m *Matcher) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() {
		if words := d.RemainingArgs(); len(words) > 0 {
			if err := m.add(words); err != nil {
				return d.WrapErr(err)
			}
		}
		for nesting := d.Nesting(); d.NextBlock(nesting); {
			if err := m.add(append([]string{d.Val()}, d.RemainingArgs()...)); err != nil {
				return d.WrapErr(err)
			}
		}
	}
	if m.isEmpty() {
		return d.WrapErr(errNoCondition)
	}
	return nil
}

// chosenInstance reads the name of an instance.
func chosenInstance(name *string) parser {
	return func(d *caddyfile.Dispenser) error {
		option := d.Val()
		if err := one(name)(d); err != nil {
			return err
		}
		if err := checkInstanceName(*name); err != nil {
			return d.WrapErr(err)
		}
		if d.NextBlock(d.Nesting()) {
			return d.Errf("%s %s: a gate only names it; write its settings into the global option %s", option, *name, globalOption)
		}
		return nil
	}
}

// namedInstance reads a name and a block of settings.
func namedInstance(instances *map[string]Settings) parser {
	return func(d *caddyfile.Dispenser) error {
		option := d.Val()
		if !d.NextArg() {
			return d.Errf("%s: expected a name and a block of settings, such as instance acme { … }", option)
		}
		name := d.Val()
		if err := checkInstanceName(name); err != nil {
			return d.WrapErr(err)
		}
		if _, ok := (*instances)[name]; ok {
			return d.Errf("%s %s: already set; write all of its settings into one block", option, name)
		}
		if d.NextArg() {
			return d.Errf("%s %s: unexpected argument '%s'; the settings go into a block", option, name, d.Val())
		}
		var settings Settings
		if err := parseBlock(d, settings.parsers()); err != nil {
			return err
		}
		if settings.isEmpty() {
			return d.Errf("%s %s: %w", option, name, errEmptyInstance)
		}
		if *instances == nil {
			*instances = make(map[string]Settings)
		}
		(*instances)[name] = settings
		return nil
	}
}

// organizationSync reads a block of its own.
func organizationSync(value **OrganizationSync) parser {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if d.NextArg() {
			return d.Errf("%s: unexpected argument '%s'; the patterns go into a block", name, d.Val())
		}
		sync := new(OrganizationSync)
		if err := parseBlock(d, map[string]parser{
			"organization":     several(&sync.Organization),
			"personal_account": several(&sync.PersonalAccount),
		}); err != nil {
			return err
		}
		if len(sync.Organization)+len(sync.PersonalAccount) == 0 {
			return d.Errf("%s: expected a block with organization or personal_account", name)
		}
		*value = sync
		return nil
	}
}

// identityHeaders reads a prefix, or a block of headers and their values.
func identityHeaders(value **IdentityHeaders) parser {
	return func(d *caddyfile.Dispenser) error {
		name, headers := d.Val(), new(IdentityHeaders)
		if d.NextArg() {
			if headers.Prefix = d.Val(); headers.Prefix == "" {
				return d.Errf("%s: expected a prefix that ends in a dash, such as X-Auth-, or nothing", name)
			}
		}
		for nesting := d.Nesting(); d.NextBlock(nesting); {
			if headers.Prefix != "" {
				return d.Errf("%s: %v", name, errPrefixAndHeaders)
			}
			if err := headers.parseLine(d, name); err != nil {
				return err
			}
		}
		*value = headers
		return nil
	}
}

func (h *IdentityHeaders) parseLine(d *caddyfile.Dispenser, name string) error {
	header := d.Val()
	if _, ok := h.Headers[header]; ok {
		return d.Errf("%s: %s: already set", name, header)
	}
	if !d.NextArg() || d.Val() == "" {
		return d.Errf("%s: %s: %v", name, header, errNoHeaderText)
	}
	if h.Headers == nil {
		h.Headers = make(map[string]string)
	}
	h.Headers[header] = d.Val()
	if d.NextArg() {
		return d.Errf("%s: %s: unexpected argument '%s'; put a value that has spaces in quotes", name, header, d.Val())
	}
	return nil
}

func duration(value **caddy.Duration) parser {
	return func(d *caddyfile.Dispenser) error {
		name, text := d.Val(), ""
		if err := one(&text)(d); err != nil {
			return err
		}
		parsed, err := caddy.ParseDuration(text)
		if err != nil {
			return d.Errf("%s: expected a duration such as 5s or 24h, got '%s'", name, text)
		}
		given := caddy.Duration(parsed)
		*value = &given
		return nil
	}
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*Handler)(nil)
	_ caddyfile.Unmarshaler = (*FrontendProxy)(nil)
	_ caddyfile.Unmarshaler = (*Matcher)(nil)
)
