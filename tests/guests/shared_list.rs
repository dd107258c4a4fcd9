//! Defines a guest with a list that all VUs share; the metric `loads` counts how often it was made.

use brunt_sdk::prelude::*;

#[derive(Serialize, Deserialize, PartialEq)]
struct Item {
    id: u64,
    text: String,
}

struct Shared {
    list: SharedList<Item>,
    loads: Counter,
    loaded_here: bool,
}

#[brunt_sdk::test]
impl Shared {
    fn init() -> Result<Self> {
        let loads = Counter::new("loads")?;
        let mut loaded_here = false;
        let list = SharedList::new("items", || {
            loaded_here = true;
            Ok((0..1000).map(item).collect())
        })?;
        Ok(Self {
            list,
            loads,
            loaded_here,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        self.loads.add(f64::from(u8::from(self.loaded_here)));
        let id = execution::vu_iteration() % 1000;
        check("it has 1000 items", self.list.len() == 1000);
        check("the item is the right one", self.list.get(id)? == item(id));
        check(
            "a random item is one of them",
            self.list.random()?.id < 1000,
        );
        check(
            "there is nothing beyond the end",
            self.list.get(1000).is_err(),
        );
        let late = SharedList::<Item>::new("late", || Ok(Vec::new()));
        check("lists are made in init only", late.is_err());
        Ok(())
    }
}

fn item(id: u64) -> Item {
    let text = format!("item {id}");
    Item { id, text }
}
