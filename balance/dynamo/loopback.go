package dynamo

import (
	"net/netip"
	"net/url"
	"strings"
)

// Loopback says whether an endpoint is on this machine: its host is localhost or an address of the
// loopback network. No name is looked up. The empty endpoint, AWS itself, is not.
func Loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
