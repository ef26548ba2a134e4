// SPDX-License-Identifier: Apache-2.0

// Package destination tells where a browser may be sent back to.
package destination

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Destination is an address to send a browser back to, found to be safe: on the
// emulator's own origin or on this machine.
type Destination struct {
	Address string // absolute, byte for byte as it was given
	Origin  string
	Host    string // without the port
	Secure  bool
}

// The errors name what is wrong, never the address, which may hold tokens.
var (
	errDestinationMissing = errors.New("redirect_url: expected an absolute http or https address, got none")
	errDestinationText    = errors.New("redirect_url: expected a well-formed absolute http or https address")
	errDestinationUser    = errors.New("redirect_url: expected an address without user information")
	errDestinationForeign = errors.New("redirect_url: expected an address on this origin or on a loopback host, got another")
	errHost               = errors.New("host: expected a host name or an IP address")
	errPort               = errors.New("port: expected 1 to 65535")
)

// Parse accepts an absolute address on the origin own or on a
// loopback host. It refuses every spelling on which a browser and this parser
// might disagree about the host.
func Parse(address, own string) (Destination, error) {
	if address == "" {
		return Destination{}, errDestinationMissing
	}
	if err := checkSpelling(address); err != nil {
		return Destination{}, err
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Opaque != "" || parsed.Host == "" {
		return Destination{}, errDestinationText
	}
	if parsed.User != nil {
		return Destination{}, errDestinationUser
	}
	origin, host, err := OriginOf(parsed.Scheme, parsed.Host)
	if err != nil {
		return Destination{}, errDestinationText
	}
	if origin != own && !isLoopback(host) {
		return Destination{}, errDestinationForeign
	}
	return Destination{Address: address, Origin: origin, Host: host, Secure: parsed.Scheme == "https"}, nil
}

// ParseReturn is Parse for the pages, which also take a path on their
// own origin, and "/" for nothing.
func ParseReturn(address, own string) (Destination, error) {
	if own == "" {
		return Destination{}, errHost
	}
	if address == "" {
		address = "/"
	}
	if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") {
		address = own + address
	}
	return Parse(address, own)
}

// checkSpelling refuses what a browser would rewrite before it looks for the
// Host: spaces and control characters are dropped, backslashes become slashes.
func checkSpelling(address string) error {
	if !utf8.ValidString(address) || strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return errDestinationText
	}
	beforeQuery, _, _ := strings.Cut(address, "?")
	lower := strings.ToLower(beforeQuery)
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") || strings.Contains(beforeQuery, `\`) {
		return errDestinationText
	}
	return nil
}

var namePattern = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// OriginOf serialises an origin as a browser does: lower case, without the
// scheme's own port.
func OriginOf(scheme, hostport string) (origin, host string, err error) {
	parsed, err := url.Parse("//" + hostport)
	if err != nil || parsed.Host != hostport {
		return "", "", errHost
	}
	host = strings.ToLower(parsed.Hostname())
	written := host
	if strings.HasPrefix(hostport, "[") {
		address, err := netip.ParseAddr(host)
		if err != nil || !address.Is6() || address.Is4In6() || address.Zone() != "" {
			return "", "", errHost
		}
		host = address.String()
		written = "[" + host + "]"
	} else if !namePattern.MatchString(host) {
		return "", "", errHost
	}
	port := parsed.Port()
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return scheme + "://" + written, host, nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || strconv.FormatUint(number, 10) != port {
		return "", "", errPort
	}
	return scheme + "://" + written + ":" + port, host, nil
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// Site is how a page names the application to a person.
func (d Destination) Site() string {
	_, site, _ := strings.Cut(d.Origin, "://")
	return site
}

// With appends a query parameter and leaves every byte of the address as it is.
func (d Destination) With(name, value string) string {
	base, fragment, hasFragment := strings.Cut(d.Address, "#")
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	if strings.HasSuffix(base, "?") || strings.HasSuffix(base, "&") {
		separator = ""
	}
	base += separator + name + "=" + url.QueryEscape(value)
	if hasFragment {
		base += "#" + fragment
	}
	return base
}
