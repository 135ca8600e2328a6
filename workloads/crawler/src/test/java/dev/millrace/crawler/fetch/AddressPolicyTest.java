package dev.millrace.crawler.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPolicyTest {

    @ParameterizedTest(name = "{0} is {1}; with --allow-private: {2}")
    @CsvSource({
        "127.0.0.1,              this machine itself (loopback),                  allowed",
        "127.255.255.254,        this machine itself (loopback),                  allowed",
        "10.1.2.3,               a private network address,                       allowed",
        "172.16.0.1,             a private network address,                       allowed",
        "172.31.255.255,         a private network address,                       allowed",
        "192.168.1.1,            a private network address,                       allowed",
        "100.64.0.1,             an address behind a carrier's NAT,               allowed",
        "100.127.255.255,        an address behind a carrier's NAT,               allowed",
        "169.254.1.1,            a link-local address,                            allowed",
        "198.18.0.1,             an address for benchmarks and local proxies,     allowed",
        "::1,                    this machine itself (loopback),                  allowed",
        "fd12:3456::1,           a private network address,                       allowed",
        "fc00::1,                a private network address,                       allowed",
        "fe80::1,                a link-local address,                            allowed",
        "fec0::1,                a private network address,                       allowed",
        "64:ff9b::10.0.0.1,      a private network address,                       allowed",
        "64:ff9b::7f00:1,        this machine itself (loopback),                  allowed",
        "0.0.0.0,                an unspecified address,                          refused",
        "0.1.2.3,                an unspecified address,                          refused",
        "::,                     an unspecified address,                          refused",
        "169.254.169.254,        a cloud metadata service,                        refused",
        "169.254.170.2,          a cloud metadata service,                        refused",
        "168.63.129.16,          a cloud metadata service,                        refused",
        "100.100.100.200,        a cloud metadata service,                        refused",
        "fd00:ec2::254,          a cloud metadata service,                        refused",
        "64:ff9b::a9fe:a9fe,     a cloud metadata service,                        refused",
        "224.0.0.1,              a multicast address,                             refused",
        "239.255.255.250,        a multicast address,                             refused",
        "ff02::1,                a multicast address,                             refused",
        "255.255.255.255,        a reserved address,                              refused",
        "240.0.0.1,              a reserved address,                              refused",
        "192.0.2.1,              a reserved address,                              refused",
        "203.0.113.9,            a reserved address,                              refused",
        "2001:db8::1,            a reserved address,                              refused",
        "100::1,                 a reserved address,                              refused",
        "::127.0.0.1,            a reserved address,                              refused",
        "64:ff9b:1::1,           a reserved address,                              refused",
        "5f00::1,                a reserved address,                              refused",
        "2002:7f00:1::,          the address of a tunnel to IPv4,                 refused",
        "2001:0:1::1,            the address of a tunnel to IPv4,                 refused",
    })
    void an_address_that_is_not_public_is_refused_by_its_kind(String address, String kind, String withPrivate)
            throws UnknownHostException {
        var ip = InetAddress.getByName(address);

        assertThat(AddressPolicy.publicOnly().objection(ip)).contains(kind);
        assertThat(AddressPolicy.alsoPrivate().objection(ip).isEmpty()).isEqualTo(withPrivate.equals("allowed"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.1",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.1",
                "169.253.255.255",
                "169.255.0.1",
                "172.15.255.255",
                "172.32.0.1",
                "192.167.255.255",
                "192.169.0.1",
                "198.17.255.255",
                "198.20.0.1",
                "223.255.255.255",
                "2606:4700::1111",
                "2a00:1450::1",
                "64:ff9b::8.8.8.8",
                "2003::1"
            })
    void a_public_address_is_allowed(String address) throws UnknownHostException {
        assertThat(AddressPolicy.publicOnly().objection(InetAddress.getByName(address)))
                .isEmpty();
    }

    @Test
    void an_ipv4_address_in_ipv6_clothes_is_still_itself() throws UnknownHostException {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, 0, 1};

        assertThat(AddressPolicy.publicOnly().objection(Inet6Address.getByAddress("host", mapped, 0)))
                .contains("a private network address");
        assertThat(AddressPolicy.publicOnly().objection(InetAddress.getByAddress(mapped)))
                .contains("a private network address");
    }
}
