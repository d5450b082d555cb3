//! Requests over kept connections, as a browser or another program sends them, and nothing more: what the client takes of
//! the processor is taken from the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A connection that is kept.
pub struct Client {
    stream: BufReader<TcpStream>,
    token: Option<String>,
    line: String,
    body: Vec<u8>,
    /// The tag of the last answer, as it was sent.
    tag: String,
}

impl Client {
    /// Connects, to ask as who holds the token.
    pub async fn open(address: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (line, body, tag) = (String::new(), Vec::new(), String::new());
        Ok(Self {
            stream: BufReader::with_capacity(32 << 10, stream),
            token: token.map(str::to_owned),
            line,
            body,
            tag,
        })
    }

    /// Reads a resource; anything but 200 is an error.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<&[u8]> {
        self.send("GET", path, "", "", 200).await
    }

    /// Reads a resource and says its tag.
    pub async fn tag_of(&mut self, path: &str) -> anyhow::Result<String> {
        self.get(path).await?;
        Ok(self.tag.clone())
    }

    /// Asks whether a resource is another than that of a tag; anything but that it is not is an error.
    pub async fn unchanged(&mut self, path: &str, tag: &str) -> anyhow::Result<()> {
        self.send("GET", path, &format!("If-None-Match: {tag}\r\n"), "", 304).await?;
        Ok(())
    }

    /// Sends JSON; anything but 200 is an error.
    pub async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<&[u8]> {
        self.send("POST", path, "", body, 200).await
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        header: &str,
        body: &str,
        expected: u16,
    ) -> anyhow::Result<&[u8]> {
        let authorization =
            self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let content = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
        };
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n{authorization}{header}{content}\r\n{body}");
        self.stream.write_all(request.as_bytes()).await?;
        let status = self.read_answer().await?;
        ensure!(status == expected, "{method} {path}: {status} {}", String::from_utf8_lossy(&self.body));
        Ok(&self.body)
    }

    /// Reads an answer to its end and says its status.
    async fn read_answer(&mut self) -> anyhow::Result<u16> {
        let first = self.read_line().await?;
        let status =
            first.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no HTTP answer")?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.read_line().await?.to_owned();
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "transfer-encoding" => is_chunked = value.trim().eq_ignore_ascii_case("chunked"),
                "etag" => value.trim().clone_into(&mut self.tag),
                _ => {}
            }
        }
        self.body.clear();
        if status == 304 {
            return Ok(status);
        }
        if !is_chunked {
            self.read_bytes(length).await?;
            return Ok(status);
        }
        loop {
            let length = usize::from_str_radix(self.read_line().await?.trim(), 16)?;
            self.read_bytes(length).await?;
            self.read_line().await?;
            if length == 0 {
                return Ok(status);
            }
        }
    }

    async fn read_line(&mut self) -> anyhow::Result<&str> {
        self.line.clear();
        if self.stream.read_line(&mut self.line).await? == 0 {
            bail!("the server has closed the connection");
        }
        Ok(self.line.trim_end())
    }

    async fn read_bytes(&mut self, length: usize) -> anyhow::Result<()> {
        let begin = self.body.len();
        self.body.resize(begin + length, 0);
        let place = self.body.get_mut(begin..).context("no room for the answer")?;
        self.stream.read_exact(place).await?;
        Ok(())
    }
}

/// What many connections at once came to.
pub struct Load {
    /// Answers.
    pub answers: usize,
    /// Within this time.
    pub wall: Duration,
    /// How long half of the answers took at most.
    pub median: Duration,
    /// How long 99 of 100 took at most.
    pub p99: Duration,
}

/// Asks over `connections` connections for `span`, each for one path after the other. `path` has the number of the
/// connection and that of the request.
pub async fn load(
    (address, token): (SocketAddr, &str),
    connections: u32,
    span: Duration,
    path: impl Fn(u32, u32) -> String + Send + Sync + 'static,
) -> anyhow::Result<Load> {
    let path = Arc::new(path);
    let mut clients = Vec::new();
    for number in 0..connections {
        clients.push((number, Client::open(address, Some(token)).await?));
    }
    let begun = Instant::now();
    let tasks = clients.into_iter().map(|(number, mut client)| {
        let path = Arc::clone(&path);
        tokio::spawn(async move {
            let mut took = Vec::new();
            let mut request = 0;
            while begun.elapsed() < span {
                let asked = Instant::now();
                client.get(&path(number, request)).await?;
                took.push(asked.elapsed());
                request += 1;
            }
            anyhow::Ok(took)
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await??);
    }
    let wall = begun.elapsed();
    all.sort_unstable();
    let at = |percent: usize| all.get(all.len() * percent / 100).copied().context("no answer");
    Ok(Load { answers: all.len(), wall, median: at(50)?, p99: at(99)? })
}

/// The median of answers one after the other over one connection, after a first one: as many as `span` allows, at most 50.
/// Where the first one alone takes longer, it is that.
pub async fn one_by_one(
    (address, token): (SocketAddr, &str),
    path: &str,
    span: Duration,
) -> anyhow::Result<Duration> {
    let mut client = Client::open(address, Some(token)).await?;
    let begun = Instant::now();
    client.get(path).await?;
    let mut took = vec![begun.elapsed()];
    while took.len() <= 50 && begun.elapsed() < span {
        let asked = Instant::now();
        client.get(path).await?;
        took.push(asked.elapsed());
    }
    if took.len() > 1 {
        // The first one found nothing prepared.
        took.swap_remove(0);
    }
    took.sort_unstable();
    took.get(took.len() / 2).copied().context("no answer")
}
