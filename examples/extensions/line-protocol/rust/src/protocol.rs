//! Defines what is said: lines, and answers that are `OK` or `ERROR` with words behind them. No I/O, so that it is tested without a server.

/// Bytes of an answer at most.
const ANSWER_MOST: usize = 64 * 1024;

/// The answer that is coming in.
#[derive(Debug, Default)]
pub struct Answer {
    bytes: Vec<u8>,
}

impl Answer {
    /// Takes bytes that came, and gives the answer once its line is whole.
    ///
    /// # Errors
    /// Outside, when it is no answer; inside, what the server has against the request.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Result<String, String>>, String> {
        self.bytes.extend_from_slice(bytes);
        let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') else {
            return match self.bytes.len() > ANSWER_MOST {
                true => Err(format!("the answer is longer than {ANSWER_MOST} bytes")),
                false => Ok(None),
            };
        };
        if end + 1 < self.bytes.len() {
            return Err("the server said more than one line".to_owned());
        }
        let line = String::from_utf8_lossy(&self.bytes[..end]);
        parse(line.trim_end_matches('\r')).map(Some)
    }
}

fn parse(line: &str) -> Result<Result<String, String>, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "OK" => Ok(Ok(rest.to_owned())),
        "ERROR" => Ok(Err(rest.to_owned())),
        _ => Err(format!("{line:?} is neither OK nor ERROR")),
    }
}

/// A request as it is sent.
///
/// # Errors
/// When it is more than one line.
pub fn request(line: &str) -> Result<Vec<u8>, String> {
    match line.contains(['\r', '\n']) {
        true => Err(format!("{line:?} is more than one line")),
        false => Ok(format!("{line}\n").into_bytes()),
    }
}

/// The first word, which says what a request is.
pub fn command(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_line() {
        let mut answer = Answer::default();
        assert_eq!(answer.take(b"OK a v"), Ok(None));
        assert_eq!(answer.take(b"alue\r\n"), Ok(Some(Ok("a value".to_owned()))));
    }

    #[test]
    fn what_the_server_has_against_it_is_an_error_of_the_request() {
        let answer = Answer::default().take(b"ERROR no such key\n");
        assert_eq!(answer, Ok(Some(Err("no such key".to_owned()))));
    }

    #[test]
    fn what_is_no_answer_is_an_error_of_the_server() {
        assert!(Answer::default().take(b"HTTP/1.1 400\r\n").is_err());
        assert!(Answer::default().take(b"OK\nOK\n").is_err());
        assert!(Answer::default().take(&vec![b'x'; ANSWER_MOST + 1]).is_err());
    }

    #[test]
    fn a_request_is_one_line() {
        assert_eq!(request("GET a"), Ok(b"GET a\n".to_vec()));
        assert!(request("GET a\nGET b").is_err());
        assert_eq!(command("GET a b"), "GET");
    }
}
