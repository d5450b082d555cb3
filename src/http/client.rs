//! Where a request comes from.

use std::net::IpAddr;

use actix_web::HttpRequest;

/// The proxies that say truly for whom they ask. Of nobody else `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies(pub Vec<IpAddr>);

impl Proxies {
    /// The address that a request comes from; none where the connection has none.
    pub fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let said = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        Some(self.behind(peer, &said.collect::<Vec<_>>().join(",")))
    }

    /// Whom `peer` asks for: every proxy writes behind the others whom it was asked by, so that the last one that is no
    /// proxy of ours is where the request began for us.
    fn behind(&self, peer: IpAddr, forwarded: &str) -> IpAddr {
        let mut client = peer;
        for said in forwarded.rsplit(',').map(str::trim) {
            if !self.0.contains(&client) {
                break;
            }
            let Ok(address) = said.parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_are_believed() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = Proxies(vec![address("127.0.0.1"), address("10.0.0.2")]);
        for (peer, forwarded, client) in [
            ("192.168.1.7", "", "192.168.1.7"),
            ("192.168.1.7", "1.2.3.4", "192.168.1.7"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("127.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(proxies.behind(address(peer), forwarded), address(client), "{peer} {forwarded}");
        }
    }
}
