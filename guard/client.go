// SPDX-License-Identifier: Apache-2.0

package guard

import "net/netip"

// ipv6Network is how many bits of an IPv6 address name a customer's network,
// in which every device can choose from 2^64 addresses (RFC 4291, section
// 2.5.1).
const ipv6Network = 64

// Client names the client that a budget belongs to: an IPv4 address, also one
// that is mapped into IPv6, or the /64 network of an IPv6 address. It is empty,
// which is the budget of all clients without an address, for the zero Addr.
func Client(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	addr = addr.Unmap()
	if addr.Is4() {
		return addr.String()
	}
	// A prefix has no zone, which a client could choose.
	return netip.PrefixFrom(addr, ipv6Network).Masked().String()
}
